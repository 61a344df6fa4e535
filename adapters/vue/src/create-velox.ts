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
import { toValue, type MaybeRefOrGetter, type ShallowRef } from 'vue';
import { usePresence } from './use-presence.js';
import { useEntity, type Id } from './use-entity.js';
import { useVelox, useVeloxStatus, type VeloxRef } from './use-velox.js';
import { useVeloxEvent } from './use-velox-event.js';

/** The composables of one endpoint, typed by its contract. */
export interface VeloxComposables<C extends Contract> {
  /** `useVelox` for a topic of the contract. */
  readonly useVelox: {
    <N extends TopicName<C>>(
      topic: MaybeRefOrGetter<N>,
    ): VeloxRef<ReplicatedTopic<C, N> | undefined, ReplicatedTopic<C, N>>;
    <N extends TopicName<C>, S>(
      topic: MaybeRefOrGetter<N>,
      select: (value: ReplicatedTopic<C, N> | undefined) => S,
      equal?: (before: S, after: S) => boolean,
    ): VeloxRef<S>;
  };
  /** `useEntity` for an entity of the contract. */
  readonly useEntity: {
    <N extends EntityType<C>>(
      type: N,
      id: Id,
    ): VeloxRef<ReplicatedRow<C, N> | undefined, ReplicatedRow<C, N>>;
    <N extends EntityType<C>, S>(
      type: N,
      id: Id,
      select: (row: ReplicatedRow<C, N> | undefined) => S,
      equal?: (before: S, after: S) => boolean,
    ): VeloxRef<S>;
  };
  readonly useVeloxStatus: (topic?: MaybeRefOrGetter<TopicName<C>>) => Readonly<ShallowRef<Status>>;
  readonly useVeloxEvent: <N extends EventName<C>>(
    event: N,
    listener: (data: Jsonify<EventData<C, N>>) => void,
  ) => void;
  /** `usePresence` for a room of the contract; the topic `presence/<room>` types the members. */
  readonly usePresence: <R extends RoomName<C>>(
    room: MaybeRefOrGetter<R>,
    initial: PresenceMine<C, R>,
  ) => [
    Readonly<ShallowRef<PresenceMembers<PresenceShown<C, R>, PresenceMine<C, R>>>>,
    (mine: PresenceMine<C, R>) => void,
  ];
  /** Returns the connection that the components share, for instance to emit events. */
  readonly sync: () => Sync<C>;
}

/**
 * Binds the composables to one endpoint and its contract, so that topics, values and events are inferred.
 *
 * @param endpoint a URL, or an object with `url` and options.
 * @example
 * export const { useVelox, useVeloxStatus } = createVelox<App>('/sync')
 * const title = useVelox('board', (board) => board?.title)
 */
export function createVelox<C extends Contract>(
  endpoint: string | (SharedOptions & { readonly url: string }),
): VeloxComposables<C> {
  const source = typeof endpoint === 'string' ? { url: endpoint } : endpoint;
  const at = (topic?: MaybeRefOrGetter<string>) => () => ({ ...source, topic: toValue(topic) });
  const composables = {
    useVelox: (topic: MaybeRefOrGetter<string>, select: () => unknown, equal?: () => boolean) =>
      useVelox(at(topic), select, equal),
    useEntity: (type: string, id: Id, select: () => unknown, equal?: () => boolean) =>
      useEntity(source, type, id, select, equal),
    useVeloxStatus: (topic?: MaybeRefOrGetter<string>) => useVeloxStatus(at(topic)),
    useVeloxEvent: (event: string, listener: () => void) => useVeloxEvent(source, event, listener),
    usePresence: (room: MaybeRefOrGetter<string>, initial: unknown) => usePresence(source, room, initial),
    sync: () => syncOf(source),
  };
  // The contract's conditional types guarantee this, but TypeScript cannot infer it.
  return composables as unknown as VeloxComposables<C>;
}
