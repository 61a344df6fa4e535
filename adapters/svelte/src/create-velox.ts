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
import type { Live } from './from-readable.js';
import { velox, veloxStatus } from './velox.js';
import { veloxPresence } from './velox-presence.js';
import { veloxEntity, type Id } from './velox-entity.js';
import { veloxEvent } from './velox-event.js';

/** The functions of one endpoint, typed by its contract. */
export interface VeloxFunctions<C extends Contract> {
  /** `velox` for a topic of the contract, or a function that returns one and may read state. */
  readonly velox: {
    <N extends TopicName<C>>(topic: N | (() => N)): Live<ReplicatedTopic<C, N> | undefined>;
    <N extends TopicName<C>, S>(
      topic: N | (() => N),
      select: (value: ReplicatedTopic<C, N> | undefined) => S,
      equal?: (before: S, after: S) => boolean,
    ): Live<S>;
  };
  /** `veloxEntity` for an entity of the contract. */
  readonly veloxEntity: {
    <N extends EntityType<C>>(type: N, id: Id): Live<ReplicatedRow<C, N> | undefined>;
    <N extends EntityType<C>, S>(
      type: N,
      id: Id,
      select: (row: ReplicatedRow<C, N> | undefined) => S,
      equal?: (before: S, after: S) => boolean,
    ): Live<S>;
  };
  readonly veloxStatus: (topic?: TopicName<C> | (() => TopicName<C>)) => Live<Status>;
  readonly veloxEvent: <N extends EventName<C>>(
    event: N,
    listener: (data: Jsonify<EventData<C, N>>) => void,
  ) => void;
  /** `veloxPresence` for a room of the contract; the topic `presence/<room>` types the members. */
  readonly veloxPresence: <R extends RoomName<C>>(
    room: R | (() => R),
    initial: PresenceMine<C, R>,
  ) => [Live<PresenceMembers<PresenceShown<C, R>, PresenceMine<C, R>>>, (mine: PresenceMine<C, R>) => void];
  /** Returns the connection that the components share, for instance to emit events. */
  readonly sync: () => Sync<C>;
}

/**
 * Binds the functions to one endpoint and its contract, so that topics, values and events are inferred.
 *
 * @param endpoint a URL, or an object with `url` and options.
 * @example
 * export const { velox, veloxStatus } = createVelox<App>('/sync')
 * const title = velox('board', (board) => board?.title)
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
    velox: (topic: string | (() => string), select: () => unknown, equal?: () => boolean) =>
      velox(at(topic), select, equal),
    veloxEntity: (type: string, id: Id, select: () => unknown, equal?: () => boolean) =>
      veloxEntity(source, type, id, select, equal),
    veloxStatus: (topic?: string | (() => string)) => veloxStatus(at(topic)),
    veloxEvent: (event: string, listener: () => void) => veloxEvent(source, event, listener),
    veloxPresence: (room: string | (() => string), initial: unknown) => veloxPresence(source, room, initial),
    sync: () => syncOf(source),
  };
  // The contract's conditional types guarantee this, but TypeScript cannot infer it.
  return functions as unknown as VeloxFunctions<C>;
}
