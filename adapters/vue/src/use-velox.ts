import type { Replica, Replicated, Source, Status } from '@velox/core';
import { initialOf, replicaOf, type Lookup } from '@velox/core/adapter';
import { computed, type MaybeRefOrGetter, type ShallowRef } from 'vue';
import { toSource } from './to-source.js';
import { useUntilKnown } from './until-known.js';
import { useReadable } from './use-readable.js';

/** A read-only ref that can be awaited inside `<Suspense>`: it resolves with the ref when the value arrives. */
export type VeloxRef<S, Known = S> = Readonly<ShallowRef<S>> & PromiseLike<Readonly<ShallowRef<Known>>>;

/**
 * Returns a ref to the value of a topic, undefined until it arrives. It ends with the scope of the call, usually a component's.
 *
 * @param source a URL, a replica, an object with `url` and options; or a ref or getter of one.
 * @example
 * const board = useVelox<Board>('/sync')
 * const title = useVelox('/sync', (board: Board | undefined) => board?.title)
 * const known = await useVelox<Board>('/sync') // in <Suspense>
 * @throws when awaited: VeloxError with the server's code if the topic is denied or the connection is closed, and `no-transport`
 * during server rendering without `initial`.
 */
export function useVelox<T>(
  source: MaybeRefOrGetter<Source<T>>,
): VeloxRef<Replicated<T> | undefined, Replicated<T>>;
/**
 * @param select may read refs, and runs again when they change.
 * @param equal default `Object.is`. A selector that builds a fresh object needs another one, for instance `shallow`.
 */
export function useVelox<T, S>(
  source: MaybeRefOrGetter<Source<T>>,
  select: (value: T | undefined) => S,
  equal?: (before: S, after: S) => boolean,
): VeloxRef<S>;
export function useVelox(
  source: MaybeRefOrGetter<Source<unknown>>,
  select = identity,
  equal?: (before: unknown, after: unknown) => boolean,
): VeloxRef<unknown> {
  const last: Lookup = {};
  const replica = (): Replica<unknown> => replicaOf(toSource(source), last);
  const selected = useReadable(replica, select, equal, () => initialOf(toSource(source)));
  const untilKnown = useUntilKnown(source);
  const then: VeloxRef<unknown>['then'] = (resolve, reject) =>
    // The ref inside has no `then` of its own: awaiting it would never end.
    untilKnown()
      .then(() => selected)
      .then(resolve, reject);
  return Object.assign(
    computed(() => selected.value),
    { then },
  );
}

/** The status of a source's connection and topic. It does not open the connection. */
export function useVeloxStatus(source: MaybeRefOrGetter<Source<unknown>>): Readonly<ShallowRef<Status>> {
  const last: Lookup = {};
  return useReadable(() => replicaOf(toSource(source), last).status, identity<Status>);
}

const identity = <T>(value: T): T => value;
