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
import { usePresence } from './use-presence.js';
import { useEntity, useSuspenseEntity } from './use-entity.js';
import { useSuspenseVelox, useVelox, useVeloxStatus } from './use-velox.js';
import { useSync } from './use-sync.js';
import { useVeloxEvent } from './use-velox-event.js';

/** The hooks of one endpoint, typed by its contract. */
export interface VeloxHooks<C extends Contract> {
  /** `useVelox` for a topic of the contract. */
  readonly useVelox: {
    <N extends TopicName<C>>(topic: N): ReplicatedTopic<C, N> | undefined;
    <N extends TopicName<C>, S>(
      topic: N,
      select: (value: ReplicatedTopic<C, N> | undefined) => S,
      equal?: (before: S, after: S) => boolean,
    ): S;
  };
  /** `useSuspenseVelox` for a topic of the contract. */
  readonly useSuspenseVelox: {
    <N extends TopicName<C>>(topic: N): ReplicatedTopic<C, N>;
    <N extends TopicName<C>, S>(
      topic: N,
      select: (value: ReplicatedTopic<C, N>) => S,
      equal?: (before: S, after: S) => boolean,
    ): S;
  };
  /** `useEntity` for an entity of the contract. */
  readonly useEntity: {
    <N extends EntityType<C>>(
      type: N,
      id: string | number | null | undefined,
    ): ReplicatedRow<C, N> | undefined;
    <N extends EntityType<C>, S>(
      type: N,
      id: string | number | null | undefined,
      select: (row: ReplicatedRow<C, N> | undefined) => S,
      equal?: (before: S, after: S) => boolean,
    ): S;
  };
  /** `useSuspenseEntity` for an entity of the contract. */
  readonly useSuspenseEntity: {
    <N extends EntityType<C>>(type: N, id: string | number): ReplicatedRow<C, N>;
    <N extends EntityType<C>, S>(
      type: N,
      id: string | number,
      select: (row: ReplicatedRow<C, N>) => S,
      equal?: (before: S, after: S) => boolean,
    ): S;
  };
  readonly useVeloxStatus: (topic?: TopicName<C>) => Status;
  readonly useVeloxEvent: <N extends EventName<C>>(
    event: N,
    listener: (data: Jsonify<EventData<C, N>>) => void,
  ) => void;
  /** `usePresence` for a room of the contract; the topic `presence/<room>` types the members. */
  readonly usePresence: <R extends RoomName<C>>(
    room: R,
    initial: PresenceMine<C, R>,
  ) => [PresenceMembers<PresenceShown<C, R>, PresenceMine<C, R>>, (mine: PresenceMine<C, R>) => void];
  /** Returns the connection that the hooks of this component use, for instance to emit events. */
  readonly useSync: () => Sync<C>;
  /** The same outside of components, for applications without a `VeloxProvider`: it knows no provider. */
  readonly sync: () => Sync<C>;
}

/**
 * Binds the hooks to one endpoint and its contract, so that topics, values and events are inferred.
 *
 * @param endpoint a URL, or an object with `url` and options.
 * @example
 * export const { useVelox, useVeloxStatus } = createVelox<App>('/sync')
 * const title = useVelox('board', (board) => board?.title)
 */
export function createVelox<C extends Contract>(
  endpoint: string | (SharedOptions & { readonly url: string }),
): VeloxHooks<C> {
  const source = typeof endpoint === 'string' ? { url: endpoint } : endpoint;
  const at = (topic?: string): typeof source & { topic: string | undefined } => ({ ...source, topic });
  const hooks = {
    useVelox: (topic: string, select: () => unknown, equal?: () => boolean) =>
      useVelox(at(topic), select, equal),
    useSuspenseVelox: (topic: string, select: () => unknown, equal?: () => boolean) =>
      useSuspenseVelox(at(topic), select, equal),
    useEntity: (type: string, id: string | undefined, select: () => unknown, equal?: () => boolean) =>
      useEntity(source, type, id, select, equal),
    useSuspenseEntity: (type: string, id: string, select: () => unknown, equal?: () => boolean) =>
      useSuspenseEntity(source, type, id, select, equal),
    useVeloxStatus: (topic?: string) => useVeloxStatus(at(topic)),
    useVeloxEvent: (event: string, listener: () => void) => useVeloxEvent(source, event, listener),
    usePresence: (room: string, initial: unknown) => usePresence(source, room, initial),
    useSync: () => useSync(source),
    sync: () => syncOf(source),
  };
  // The contract's conditional types guarantee this, but TypeScript cannot infer it.
  return hooks as unknown as VeloxHooks<C>;
}
