import type { AnyContract, CheckedContract, Contract, ContractValue } from '@velox/core/protocol';
import { checkContainer, checkFilter, checkName, checkOpen, checkTopic } from './arguments.js';
import { createEndpoint } from './http/endpoint.js';
import { createEventSource, type SseOptions } from './http/event-source.js';
import type { EntityOptions } from './entities/entity-options.js';
import type { Cast, Recipient, Session } from './messaging/typed.js';
import { Hub as Core } from './hub/hub.js';
import type { HubOptions } from './hub/hub-options.js';
import { nodesOf } from './nodes/nodes.js';
import { messagingMethods } from './messaging-methods.js';
import { synchronous } from './diagnostics/maybe-promise.js';
import { liveOf, PublishedState, stateOfLive } from './published-state.js';
import { checkOptions, withCheckedClose } from './options.js';
import { noteCore } from './core-of.js';
import { Publications } from './publications.js';
import type { Session as CoreSession } from './sessions/session.js';
import { LocalState } from './state/local-state.js';
import type { SharedStateOptions } from './state/shared/shared-state.js';
import type { StateOptions } from './state/state.js';
import { createViewedState } from './views/viewed-state.js';
import { viewOf, type AnyViewOptions } from './views/view-options.js';

import type { Hub } from './public-hub.js';

export type { Hub };

/** The type of a contract without schemas. */
type UncheckedContract = Contract & { readonly '~checked'?: never };

/**
 * Creates a hub: one endpoint, many topics, and the rights to see them.
 *
 * @example
 * const hub = velox.createHub<App>({
 *   authorize: ({ header }) => userOf(header('cookie')),
 *   canSubscribe: (user, topic) => topic === 'board' || user.isAdmin,
 * })
 * const board = hub.state('board', { rows: [] })
 * app.use('/sync', hub.handle)
 * @throws VeloxError `bad-option`.
 */
export function createHub<C extends CheckedContract, Context = unknown>(
  options: HubOptions<Context, Session<Context, C>> & { readonly contract: ContractValue<C> },
): Hub<C, Context>;
export function createHub<C extends UncheckedContract = AnyContract, Context = unknown>(
  options?: HubOptions<Context, Session<Context, C>>,
): Hub<C, Context>;
export function createHub<C extends Contract, Context>(
  options: HubOptions<Context, Session<Context, C>> = {},
): Hub<C, Context> {
  checkOptions('createHub()', options);
  const hub = new Core(options as unknown as HubOptions);
  const make = (value: unknown, stateOptions?: StateOptions): PublishedState<unknown> =>
    stateOfLive(value) ?? new PublishedState(value, stateOptions);
  const published = new Publications(hub);
  const endpoint = withCheckedClose(createEndpoint(hub, nodesOf(hub, options.backplane)));
  const made: Hub<C, Context> = {
    ...endpoint,
    // `never`: the contract's conditional types guarantee the type, but TypeScript cannot infer it
    state(topic: string, ...rest: [unknown?, (StateOptions & Partial<AnyViewOptions>)?]) {
      checkTopic(hub, 'hub.state()', topic, rest);
      const [value, stateOptions] = rest;
      checkOptions('hub.state()', stateOptions);
      const viewOptions = viewOf(value, stateOptions);
      const state = value instanceof LocalState ? (value as LocalState<unknown>) : make(value, stateOptions);
      if (!viewOptions) published.publish(topic, state);
      else {
        const viewed = hub.views.publish(topic, state, viewOptions);
        published.note(topic, state);
        return createViewedState(state, viewed) as never;
      }
      return state as never;
    },
    live(topic, value, stateOptions) {
      checkTopic(hub, 'hub.live()', topic, [value]);
      checkContainer('hub.live()', value);
      checkOptions('hub.live()', stateOptions);
      const state = make(value, stateOptions);
      published.publish(topic, state);
      return liveOf(state) as never;
    },
    shared(topic: string, ...rest: [unknown?, SharedStateOptions?]) {
      checkTopic(hub, 'hub.shared()', topic, rest);
      const [initial, sharedOptions] = rest;
      checkOptions('hub.shared()', sharedOptions);
      return hub.shared.create(topic, initial, sharedOptions) as never;
    },
    entity(type, entityOptions) {
      checkName('hub.entity()', 'an entity', type);
      checkOpen(hub, 'hub.entity()');
      checkOptions('hub.entity()', entityOptions);
      const source = hub.entities.create(type, entityOptions as EntityOptions<unknown>);
      return {
        notify: (ids, audience) => source.notify(ids, audience),
        put(id, value, putOptions) {
          checkOptions('put()', putOptions);
          source.put(id, value, putOptions);
        },
        stats: () => source.stats(),
      };
    },
    notify: (type, ids) => hub.entities.notify(type, ids),
    remove(topic) {
      published.delete(topic);
      hub.views.remove(topic);
      hub.shared.remove(topic);
      return hub.topics.remove(topic);
    },
    recheck(filter) {
      checkFilter('hub.recheck()', filter);
      return hub.recheck(filter as ((context: unknown, topic: string) => boolean) | undefined);
    },
    // The contract's conditional types guarantee this, but TypeScript cannot infer it.
    ...(messagingMethods(hub.messaging) as MessagingMethods<C, Context>),
    pause(pauseOptions) {
      checkOptions('hub.pause()', pauseOptions);
      hub.entrance.pause(pauseOptions?.retryAfter);
    },
    resume: () => hub.entrance.resume(),
    isPaused: () => hub.entrance.isPaused,
    [Symbol.asyncDispose]: () => endpoint.close(),
    sse(sseOptions = {}) {
      checkOptions('hub.sse()', sseOptions);
      const sessionsOf = (who: Recipient | readonly Recipient[]): CoreSession[] =>
        hub.messaging.sessionsOf(who);
      const { name, ...others } = sseOptions as SseOptions;
      const nameOf: SseOptions['name'] =
        name && ((...given) => synchronous(name(...given), 'name() of sse()'));
      return createEventSource(hub, { ...others, ...(nameOf && { name: nameOf }) }, sessionsOf);
    },
    stats: () => hub.stats(),
  };
  noteCore(made, hub);
  return made;
}

type MessagingMethods<C extends Contract, Context> = Pick<
  Hub<C, Context>,
  keyof Cast | 'on' | 'once' | 'answer' | 'room' | 'presence'
>;
