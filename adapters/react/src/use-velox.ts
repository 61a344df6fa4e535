import type { Replica, Replicated, Source, Status } from '@velox/core';
import { initialOf, refusal, replicaOf, untilKnown } from '@velox/core/adapter';
import { useSource, type ProvidedSource } from './provider.js';
import { useLookup } from './use-lookup.js';
import { useReadable } from './use-readable.js';

/**
 * Returns the value of a topic, undefined until it arrives. The component renders when the value, or its selection, changes.
 *
 * @param source a URL, a replica, or an object with `url` and options. It may be written inline. Inside a `VeloxProvider` the URL may be
 * relative to the provider's, or absent.
 * @example
 * const board = useVelox<Board>('/sync')
 * const title = useVelox('/sync', (board: Board | undefined) => board?.title)
 */
export function useVelox<T>(source?: ProvidedSource<T>): Replicated<T> | undefined;
/**
 * @param select its errors reach the error boundary.
 * @param equal default `Object.is`. A selector that builds a fresh object needs another one, for instance `shallow`.
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
  const known = useSource(source);
  return useReadable(useReplica(known), select, equal, () => initialOf(known));
}

/**
 * Returns the value of a topic, and suspends until it arrives.
 *
 * @throws VeloxError to the error boundary, with the server's code, if the topic is denied or the connection is closed. During server
 * rendering without `initial` it throws `no-transport`: React renders the fallback, and the client continues.
 */
export function useSuspenseVelox<T>(source?: ProvidedSource<T>): Replicated<T>;
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
  const last = useLookup();
  const replica = replicaOf(known, last);
  if (replica.get() === undefined) {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- React 18 has no other way to suspend
    throw refusal(known, replica) ?? untilKnown(replica, last);
  }
  return useReadable(replica, select, equal, () => initialOf(known));
}

/** Returns the status of a source's connection and topic. It does not open the connection. */
export function useVeloxStatus(source?: ProvidedSource<unknown>): Status {
  return useReadable(useReplica(useSource(source)).status, identity<Status>);
}

/** Returns the replica of a source. */
function useReplica(source: Source<unknown>): Replica<unknown> {
  return replicaOf(source, useLookup());
}

const identity = <T>(value: T): T => value;
