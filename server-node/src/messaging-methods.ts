import type { AnySchema } from '@velox/core/protocol';
import type { CastOptions } from './messaging/emit-options.js';
import { checkHandler, checkName, checkSchema } from './arguments.js';
import type { Messaging } from './messaging/messaging.js';
import type { PresenceOptions } from './messaging/presence.js';
import type { SessionHandle } from './messaging/session-handle.js';
import { checkOptions } from './options.js';

type Handler = (session: SessionHandle, data: unknown) => unknown;

/** A handler, or a schema and the handler of its output. */
type Rest = readonly [] | readonly [Handler] | readonly [AnySchema, Handler];

/** @throws VeloxError `bad-option`. */
function handlerAndSchema(owner: string, name: string, rest: Rest): [Handler, AnySchema | undefined] {
  const [schema, handler] =
    rest.length > 1 ? (rest as [AnySchema, Handler]) : [undefined, rest[0] as Handler];
  if (rest.length > 1) checkSchema(owner, name, schema);
  checkHandler(owner, name, handler);
  return [handler, schema];
}

/** Returns the methods of a hub that concern sessions, events and calls, without their types. */
export function messagingMethods(messaging: Messaging): unknown {
  const { everyone } = messaging;
  const on = (event: string | Readonly<Record<string, Handler>>, ...rest: Rest): (() => void) => {
    if (typeof event !== 'object' || event === null) {
      checkName('hub.on()', 'an event', event);
      return messaging.on(event, ...handlerAndSchema('hub.on()', event, rest));
    }
    const handlers = Object.entries(event);
    for (const [name, each] of handlers) checkHandler('hub.on()', name, each);
    const removals = handlers.map(([name, each]) => messaging.on(name, each));
    return () => removals.forEach((remove) => remove());
  };
  return {
    on,
    once(event: string, ...rest: Rest) {
      checkName('hub.once()', 'an event', event);
      const [handler, schema] = handlerAndSchema('hub.once()', event, rest);
      const first: Handler = (session, data) => {
        remove();
        return handler(session, data);
      };
      const remove = messaging.on(event, first, schema);
      return remove;
    },
    answer(name: string, ...rest: Rest) {
      checkName('hub.answer()', 'a call', name);
      return messaging.answer(name, ...handlerAndSchema('hub.answer()', name, rest));
    },
    room(name: string) {
      checkName('hub.room()', 'a room', name);
      return {
        name,
        get size() {
          return everyone.to(name).present().length;
        },
        sessions: () => everyone.to(name).sessions(),
        fetchSessions: () => everyone.to(name).fetchSessions(),
        fetchSize: () => everyone.to(name).fetchSize(),
      };
    },
    presence(options: PresenceOptions) {
      checkOptions('hub.presence()', options);
      const presence = messaging.createPresence(options);
      return {
        members: (room: string) => presence.members(room),
        fetchMembers: (room: string) => presence.fetchMembers(room),
        refresh: (who: string) =>
          everyone
            .only(who)
            .recipients()
            .forEach((session) => presence.refresh(session)),
      };
    },
    to: (to: string) => everyone.to(to),
    notIn: (out: string) => everyone.notIn(out),
    only: (who: string) => everyone.only(who),
    except: (who: string) => everyone.except(who),
    get volatile() {
      return everyone.volatile;
    },
    emit: (event: string, data: unknown, options?: CastOptions) => everyone.emit(event, data, options),
    call: (name: string, data: unknown, options?: object) => everyone.call(name, data, options),
    sessions: () => everyone.sessions(),
    fetchSessions: () => everyone.fetchSessions(),
    fetchSize: () => everyone.fetchSize(),
  };
}
