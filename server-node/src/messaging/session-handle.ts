import { checkArgument, option, VeloxError } from '@velox/core/protocol';
import { attempt } from '../diagnostics/maybe-promise.js';
import type { DropCode, Sent } from '../sessions/event-limits.js';
import { eventMessage } from '../sessions/event-message.js';
import type { Session } from '../sessions/session.js';
import { Cast, volatileKey, type CastHost } from './cast.js';
import type { Channels } from './channels.js';
import { checkCall, type CallOptions } from './calls.js';
import { checkEmit, type EmitOptions } from './emit-options.js';
import { roomList } from './room-list.js';

/** The functions of a hub that a session's handle needs. */
export interface SessionHost extends CastHost {
  readonly close: (session: Session, code: string, reason: string) => void;
  readonly channels: Channels;
  /** Reports an error of the application's callback. */
  readonly failed: (error: unknown) => void;
}

/** A lane of the session's queue, with handlers of its own. */
export interface Channel {
  readonly emit: (event: string, data: unknown, options?: EmitOptions) => Sent;
  readonly on: (event: string, handler: (data: unknown) => unknown) => () => void;
  readonly send: (data: unknown, options?: EmitOptions) => Sent;
  readonly onMessage: (handler: (data: unknown) => unknown) => () => void;
}

const DONE = Promise.resolve();

/** By the handle that the application has. */
const sessions = new WeakMap<SessionHandle, Session>();

/**
 * Returns the session behind a handle.
 *
 * @throws VeloxError `bad-option` if it is no handle of this server.
 */
export function sessionOf(handle: object): Session {
  const session = sessions.get(handle as SessionHandle);
  if (session) return session;
  throw new VeloxError('bad-option', 'a recipient is no session of this server. Choose it by its name.');
}

/** One client, as the application sees it. */
export class SessionHandle {
  /** The application's own data about the client. */
  data: unknown = {};
  readonly #host: SessionHost;
  readonly #session: Session;
  /** The rooms in which the session ended. */
  #lastRooms: readonly string[] | undefined;

  constructor(host: SessionHost, session: Session) {
    this.#host = host;
    this.#session = session;
    sessions.set(this, session);
  }

  get context(): unknown {
    return this.#session.context;
  }

  get identity(): string | undefined {
    return this.#session.identity;
  }

  get transport(): string | undefined {
    return this.#session.transport;
  }

  get name(): string {
    return this.#session.name;
  }

  get rooms(): readonly string[] {
    return this.#lastRooms ?? this.#host.rooms.of(this.#session);
  }

  /** Everyone but this client. */
  get broadcast(): Cast {
    return new Cast(this.#host).except(this);
  }

  /** Keeps the rooms for the callbacks that run after the end of the session. */
  end(): void {
    this.#lastRooms = this.rooms;
  }

  emit(event: string, data: unknown, options?: EmitOptions): Sent {
    checkEmit(options);
    const { channel = '', key = '', volatile: isVolatile, onDrop } = options ?? {};
    const reported = onDrop && ((code: DropCode) => void attempt(() => onDrop(code), this.#host.failed));
    const message = eventMessage(event, data, { channel, onDrop: reported, isVolatile });
    if (isVolatile) return this.#session.sendVolatile(message, volatileKey(channel, event, key));
    return this.#session.send(message, true);
  }

  channel(name: string): Channel {
    checkArgument('channel()', 'a name', name, option.text);
    const on = (event: string, handler: (data: unknown) => unknown): (() => void) => {
      checkArgument('channel.on()', 'the name of an event', event, option.text);
      checkArgument('channel.on()', `the handler of "${event}"`, handler, option.callback);
      return this.#host.channels.on(this.#session, name, event, handler);
    };
    const emit: Channel['emit'] = (event, data, options) =>
      this.emit(event, data, { ...options, channel: name });
    return {
      emit,
      on,
      send: (data, options) => emit('', data, options),
      onMessage: (handler) => on('', handler),
    };
  }

  call(name: string, data: unknown, options?: CallOptions): Promise<unknown> {
    checkCall(options);
    return this.#host.calls.call(this.#session, name, data, options);
  }

  join(rooms: string | readonly string[]): Promise<void> {
    const named = roomList('join()', rooms);
    if (this.#session.hasEnded) return DONE;
    const pending = named.flatMap((room) => this.#host.rooms.join(this.#session, room) ?? []);
    return pending.length > 0 ? Promise.all(pending).then(() => undefined) : DONE;
  }

  leave(rooms: string | readonly string[]): void {
    for (const room of roomList('leave()', rooms)) this.#host.rooms.leave(this.#session, room);
  }

  /** The members of rooms, except for this client. */
  to(rooms: string | readonly string[]): Cast {
    return this.broadcast.to(rooms);
  }

  close(code = 'closed', reason = 'The server closed the session.'): void {
    this.#host.close(this.#session, code, reason);
  }
}
