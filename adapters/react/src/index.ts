import { refusal, replicaOf, type Status } from '@velox/core';
import { useSource, type ProvidedSource } from './provider.js';
import { untilKnown } from './until-known.js';
import { useReadable } from './use-readable.js';

export { useVeloxEvent } from './use-velox-event.js';
export { VeloxProvider, type ProvidedSource, type VeloxDefaults } from './provider.js';

/**
 * The value of a topic, undefined until it is known; renders again when it, or what is selected of it, changes.
 *
 * @param source a URL, a replica, or an object with `url` and more. It may be written inline. In a `VeloxProvider` the URL may be
 * relative to its own, or left out.
 * @example
 * const board = useVelox<Board>('/sync')
 * const title = useVelox('/sync', (board: Board | undefined) => board?.title)
 */
export function useVelox<T>(source?: ProvidedSource<T>): T | undefined;
/**
 * @param select what it throws reaches the error boundary.
 * @param equal default `Object.is`; a selector that builds a fresh object needs its own, or renders with every change.
 */
export function useVelox<T, S>(
  source: ProvidedSource<T>,
  select: (value: T | undefined) => S,
  equal?: (before: S, after: S) => boolean,
): S;
export function useVelox(
  source?: ProvidedSource<unknown>,
  select = identity,
  equal?: (before: unknown, after: unknown) => boolean,
): unknown {
  return useReadable(replicaOf(useSource(source)), select, equal);
}

/**
 * The same for a value that is known: until then it suspends.
 *
 * @throws VeloxError to the error boundary if the topic is denied or the connection has ended for good, with the server's code,
 * and where a server renders without `initial` (`no-transport`: the fallback is rendered, and the client goes on).
 */
export function useSuspenseVelox<T>(source?: ProvidedSource<T>): T;
export function useSuspenseVelox<T, S>(
  source: ProvidedSource<T>,
  select: (value: T) => S,
  equal?: (before: S, after: S) => boolean,
): S;
export function useSuspenseVelox(
  source?: ProvidedSource<unknown>,
  select: (value: unknown) => unknown = identity,
  equal?: (before: unknown, after: unknown) => boolean,
): unknown {
  const known = useSource(source);
  const replica = replicaOf(known);
  if (replica.get() === undefined) {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- React 18 has no other way to suspend
    throw refusal(known) ?? untilKnown(replica);
  }
  return useReadable(replica, select, equal);
}

/** How the connection of a source is doing, and its topic on it. This alone does not make it connect. */
export function useVeloxStatus(source?: ProvidedSource<unknown>): Status {
  return useReadable(replicaOf(useSource(source)).status, identity<Status>);
}

const identity = <T>(value: T): T => value;
