import type { Signal } from '@angular/core';
import type {
  Contract,
  EntityType,
  EventData,
  EventName,
  Jsonify,
  PresenceMembers,
  PresenceMine,
  PresenceShown,
  ReplicatedRow,
  ReplicatedTopic,
  RoomName,
  SharedOptions,
  Status,
  Sync,
  TopicName,
} from '@velox/core';
import { syncOf } from '@velox/core/adapter';
import { injectPresence } from './inject-presence.js';
import { injectEntity } from './inject-entity.js';
import { injectVelox, injectVeloxStatus } from './inject-velox.js';
import { injectVeloxEvent } from './inject-velox-event.js';
import type { EntityId } from './velox-service.js';

/** The functions of one endpoint, typed by its contract. */
export interface VeloxFunctions<C extends Contract> {
  /** `injectVelox` for a topic of the contract, or a signal or function that returns one. */
  readonly injectVelox: {
    <N extends TopicName<C>>(topic: N | (() => N)): Signal<ReplicatedTopic<C, N> | undefined>;
    <N extends TopicName<C>, S>(
      topic: N | (() => N),
      select: (value: ReplicatedTopic<C, N> | undefined) => S,
      equal?: (before: S, after: S) => boolean,
    ): Signal<S>;
  };
  /** `injectEntity` for an entity of the contract. */
  readonly injectEntity: {
    <N extends EntityType<C>>(type: N, id: EntityId): Signal<ReplicatedRow<C, N> | undefined>;
    <N extends EntityType<C>, S>(
      type: N,
      id: EntityId,
      select: (row: ReplicatedRow<C, N> | undefined) => S,
      equal?: (before: S, after: S) => boolean,
    ): Signal<S>;
  };
  readonly injectVeloxStatus: (topic?: TopicName<C> | (() => TopicName<C>)) => Signal<Status>;
  readonly injectVeloxEvent: <N extends EventName<C>>(
    event: N,
    listener: (data: Jsonify<EventData<C, N>>) => void,
  ) => void;
  /** `injectPresence` for a room of the contract; the topic `presence/<room>` types the members. */
  readonly injectPresence: <R extends RoomName<C>>(
    room: R | (() => R),
    initial: PresenceMine<C, R>,
  ) => [Signal<PresenceMembers<PresenceShown<C, R>, PresenceMine<C, R>>>, (mine: PresenceMine<C, R>) => void];
  /** Returns the connection that the components share, for instance to emit events. */
  readonly sync: () => Sync<C>;
}

/**
 * Binds the functions to one endpoint and its contract, so that topics, values and events are inferred.
 *
 * @param endpoint a URL, or an object with `url` and options.
 * @example
 * export const { injectVelox, injectVeloxStatus } = createVelox<App>('/sync')
 * readonly title = injectVelox('board', (board) => board?.title)
 */
export function createVelox<C extends Contract>(
  endpoint: string | (SharedOptions & { readonly url: string }),
): VeloxFunctions<C> {
  const source = typeof endpoint === 'string' ? { url: endpoint } : endpoint;
  const at = (topic?: string | (() => string)) => () => ({
    ...source,
    topic: typeof topic === 'function' ? topic() : topic,
  });
  const functions = {
    injectVelox: (topic: string | (() => string), select: () => unknown, equal?: () => boolean) =>
      injectVelox(at(topic), select, equal),
    injectEntity: (type: string, id: EntityId, select: () => unknown, equal?: () => boolean) =>
      injectEntity(source, type, id, select, equal),
    injectVeloxStatus: (topic?: string | (() => string)) => injectVeloxStatus(at(topic)),
    injectVeloxEvent: (event: string, listener: () => void) => injectVeloxEvent(source, event, listener),
    injectPresence: (room: string | (() => string), initial: unknown) =>
      injectPresence(source, room, initial),
    sync: () => syncOf(source),
  };
  // The contract's conditional types guarantee this, but TypeScript cannot infer it.
  return functions as unknown as VeloxFunctions<C>;
}
