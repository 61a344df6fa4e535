import { replicaOf, type Source, type Status } from '@velox/core';
import { useReadable } from './use-readable.js';

/**
 * The value of a topic, undefined until it is known; renders again when it, or what is selected of it, changes.
 *
 * @param source a URL, a replica, or an object with `url` and more. It may be written inline.
 * @example
 * const board = useVelox<Board>('/sync')
 * const title = useVelox('/sync', (board: Board | undefined) => board?.title)
 */
export function useVelox<T>(source: Source<T>): T | undefined;
/** @param equal default `Object.is`; a selector that builds a fresh object needs its own, or renders with every change. */
export function useVelox<T, S>(
  source: Source<T>,
  select: (value: T | undefined) => S,
  equal?: (before: S, after: S) => boolean,
): S;
export function useVelox(
  source: Source<unknown>,
  select = identity,
  equal?: (before: unknown, after: unknown) => boolean,
): unknown {
  return useReadable(replicaOf(source), select, equal);
}

/** How the connection of a source is doing, and its topic on it. This alone does not make it connect. */
export function useVeloxStatus(source: Source<unknown>): Status {
  return useReadable(replicaOf(source).status, identity<Status>);
}

const identity = <T>(value: T): T => value;
