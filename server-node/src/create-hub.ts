import type {
  AnyContract,
  Contract,
  EntityValue,
  EventData,
  EventName,
  TopicName,
  TopicValue,
} from '@velox/core/protocol';
import { createEndpoint, type Endpoint } from './http/endpoint.js';
import type { Entity, EntityOptions } from './entities/entity.js';
import type { EventHandler } from './messaging/event-handlers.js';
import { Hub as Core } from './hub/hub.js';
import type { HubOptions, HubStats } from './hub/hub-options.js';
import { liveOf, Published, stateOfLive } from './publish.js';
import { checkOptions, withCheckedClose } from './options.js';
import { State, type StateOptions } from './state/state.js';

/** An endpoint of many topics. */
export interface Hub<C extends Contract = AnyContract, Context = unknown> extends Endpoint {
  /**
   * Publishes a value, or a state or live value that is there already, as a topic; in place of a former one of that name.
   * Sessions that wait for it get it.
   *
   * @throws VeloxError `not-json`, `too-deep`; `too-long` for a name above `limits.topic`.
   */
  state<N extends TopicName<C>, T extends TopicValue<C, N>>(
    topic: N,
    value: T | State<T>,
    options?: StateOptions,
  ): State<unknown extends TopicValue<C, N> ? T : TopicValue<C, N>>;
  /** Publishes a value as a topic, and gives the live value: to be used like the original, every write reaches the clients. */
  live<N extends TopicName<C>, T extends TopicValue<C, N> & object>(
    topic: N,
    value: T,
    options?: StateOptions,
  ): unknown extends TopicValue<C, N> ? T : TopicValue<C, N>;
  /**
   * Provides the topics `<type>/<id>`: a row is fetched when a client wants it, and again when it has changed.
   *
   * @example
   * const items = hub.entity('items', { fetch: (id) => db.items.find(id) })
   * items.notify('7')
   * @throws VeloxError `bad-option` for a type that is empty, has a slash or exists, and without a fetch.
   */
  entity<N extends string>(
    type: N,
    options: EntityOptions<EntityValue<C, N>, Context>,
  ): Entity<EntityValue<C, N>>;
  /**
   * Some rows have changed: those that clients watch are fetched again.
   *
   * @throws VeloxError `not-found` if there is no such entity.
   */
  notify(type: string, ids: string | readonly string[]): void;
  /** Takes a topic away: its sessions are told that there is none. Returns whether there was one. */
  remove(topic: TopicName<C>): boolean;
  /**
   * Asks `canSubscribe` again, of all sessions or those for whose context and topic `filter` holds. Until it has answered,
   * nothing of the topic leaves to them. Resolves when all answers are there.
   */
  recheck(filter?: (context: Context, topic: string) => boolean): Promise<void>;
  /**
   * Hears the events of a name that clients emit, each one once and in the order of its client; returns the end of it. What a
   * handler throws, or rejects with, is reported and harms nobody.
   */
  on<N extends EventName<C>>(
    event: N,
    handler: (session: Session<Context, C>, data: EventData<C, N>) => unknown,
  ): () => void;
  stats(): HubStats;
}

/** One client, as the application sees it. It outlives its links, for `patience` ms each time. */
export interface Session<Context = unknown, C extends Contract = AnyContract> {
  /** What `authorize` gave. */
  readonly context: Context;
  readonly identity: string | undefined;
  /** The transport of its link; undefined while it has none. */
  readonly transport: string | undefined;
  /**
   * Sends an event, after the changes of state that were made before. It is kept until the client has it, over lost links as well;
   * of more than 1,000, or 1 MiB of JSON, the oldest are dropped.
   *
   * @throws VeloxError `not-json`, or `too-large` for more than 1 MiB; then nothing has changed.
   */
  emit<N extends EventName<C>>(event: N, data: EventData<C, N>): void;
}

/**
 * Creates a hub: one endpoint, many topics, and rules for who may see them.
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
export function createHub<C extends Contract = AnyContract, Context = unknown>(
  options: HubOptions<Context> = {},
): Hub<C, Context> {
  checkOptions('createHub()', options);
  const hub = new Core(options as HubOptions);
  const make = (value: unknown, stateOptions?: StateOptions): Published<unknown> =>
    stateOfLive(value) ?? new Published(value, stateOptions);
  const published = new Map<string, State<unknown>>();
  const publish = (topic: string, state: State<unknown>): void => {
    hub.topics.publish(topic, state);
    const former = published.get(topic);
    published.set(topic, state);
    if (!former || former === state) return;
    const name = JSON.stringify(topic);
    const advice = `the topic ${name} was published twice, and the first state is no longer served. Change the first one by update() or set(), or call hub.remove(${name}) before.`;
    hub.observer.once('replaced topic', topic, advice, { topic });
  };
  return {
    ...withCheckedClose(createEndpoint(hub)),
    // `never`: the conditional types are the contract's promise, which no inference sees
    state(topic, value, stateOptions) {
      checkOptions('hub.state()', stateOptions);
      const state = value instanceof State ? (value as State<unknown>) : make(value, stateOptions);
      publish(topic, state);
      return state as never;
    },
    live(topic, value, stateOptions) {
      checkOptions('hub.live()', stateOptions);
      const state = make(value, stateOptions);
      publish(topic, state);
      return liveOf(state) as never;
    },
    entity(type, entityOptions) {
      checkOptions('hub.entity()', entityOptions);
      const source = hub.entities.create(type, entityOptions as EntityOptions<unknown>);
      return {
        notify: (ids, audience) => source.notify(ids, audience),
        put: (id, value, putOptions) => source.put(id, value, putOptions),
        stats: () => source.stats(),
      };
    },
    notify: (type, ids) => hub.entities.notify(type, ids),
    remove(topic) {
      published.delete(topic);
      return hub.topics.remove(topic);
    },
    recheck: (filter) => hub.recheck(filter as ((context: unknown, topic: string) => boolean) | undefined),
    on: (event, handler) => hub.on(event, handler as EventHandler),
    stats: () => hub.stats(),
  };
}
