import type { AnyContract, Contract, TopicName, TopicValue } from '@velox/core/protocol';
import { createEndpoint, type Endpoint } from './endpoint.js';
import { Hub as Core, type HubOptions, type HubStats } from './hub.js';
import { State, type StateOptions } from './state.js';

/** An endpoint of many topics. */
export interface Hub<C extends Contract = AnyContract, Context = unknown> extends Endpoint {
  /**
   * Publishes a value, or a state that is there already, as a topic; in place of a former one of that name. Sessions that wait
   * for it get it.
   *
   * @throws VeloxError `not-json`, `too-deep`.
   */
  state<N extends TopicName<C>, T extends TopicValue<C, N>>(
    topic: N,
    value: T | State<T>,
    options?: StateOptions,
  ): State<TopicValue<C, N>>;
  /** Takes a topic away: its sessions are told that there is none. Returns whether there was one. */
  remove(topic: TopicName<C>): boolean;
  /**
   * Asks `canSubscribe` again, of all sessions or those for whose context and topic `filter` holds. Until it has answered,
   * nothing of the topic leaves to them. Resolves when all answers are there.
   */
  recheck(filter?: (context: Context, topic: string) => boolean): Promise<void>;
  stats(): HubStats;
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
 */
export function createHub<C extends Contract = AnyContract, Context = unknown>(
  options: HubOptions<Context> = {},
): Hub<C, Context> {
  const hub = new Core(options as HubOptions);
  return {
    ...createEndpoint(hub),
    state(topic, value, stateOptions) {
      const state = value instanceof State ? value : new State(value, stateOptions);
      hub.publish(topic, state);
      return state;
    },
    remove: (topic) => hub.remove(topic),
    recheck: (filter) => hub.recheck(filter as ((context: unknown, topic: string) => boolean) | undefined),
    stats: () => hub.stats(),
  };
}
