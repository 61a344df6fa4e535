import { replicaOf, type Source, type Status } from '@velox/core';
import { computed, toValue, type MaybeRefOrGetter, type ShallowRef } from 'vue';
import { useUntilKnown } from './until-known.js';
import { useReadable } from './use-readable.js';

export { useVeloxEvent } from './use-velox-event.js';

/** A read-only ref that can be awaited, for `<Suspense>`: it gives the ref as soon as there is a value. */
export type VeloxRef<S, Known = S> = Readonly<ShallowRef<S>> & PromiseLike<Readonly<ShallowRef<Known>>>;

/**
 * A ref to the value of a topic, undefined until it is known. It ends with the scope, mostly a component's, of the call.
 *
 * @param source a URL, a replica, an object with `url` and more; or a ref or getter of one, which may change.
 * @example
 * const board = useVelox<Board>('/sync')
 * const title = useVelox('/sync', (board: Board | undefined) => board?.title)
 * const known = await useVelox<Board>('/sync') // in <Suspense>
 * @throws when awaited: VeloxError if the topic is denied or the connection has ended for good, with the server's code, or where
 * a server renders without `initial` (`no-transport`).
 */
export function useVelox<T>(source: MaybeRefOrGetter<Source<T>>): VeloxRef<T | undefined, T>;
/**
 * @param select may read refs: they are followed.
 * @param equal default `Object.is`; a selector that builds a fresh object needs its own, or renders with every change.
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
  const selected = useReadable(() => replicaOf(toValue(source)), select, equal);
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

/** How the connection of a source is doing, and its topic on it. This alone does not make it connect. */
export function useVeloxStatus(source: MaybeRefOrGetter<Source<unknown>>): Readonly<ShallowRef<Status>> {
  return useReadable(() => replicaOf(toValue(source)).status, identity<Status>);
}

const identity = <T>(value: T): T => value;
