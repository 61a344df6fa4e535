import { replicaOf, type Source, type Status } from '@velox/core';
import { fromReadable, type Live } from './from-readable.js';

export type { Live } from './from-readable.js';
export { veloxEvent } from './velox-event.js';

/**
 * The value of a topic, undefined until it is known: `board.current` with runes, or `$board` as a store. Its topic is
 * subscribed while something that reacts has read it.
 *
 * @param source a URL, a replica, an object with `url` and more; or a function that gives one, which may read state.
 * @example
 * const board = velox<Board>('/sync')
 * const title = velox('/sync', (board: Board | undefined) => board?.title)
 */
export function velox<T>(source: Source<T> | (() => Source<T>)): Live<T | undefined>;
/**
 * @param select may read state: it is followed.
 * @param equal default `Object.is`; a selector that builds a fresh object needs its own, or renders with every change.
 */
export function velox<T, S>(
  source: Source<T> | (() => Source<T>),
  select: (value: T | undefined) => S,
  equal?: (before: S, after: S) => boolean,
): Live<S>;
export function velox(
  source: Source<unknown> | (() => Source<unknown>),
  select = identity,
  equal?: (before: unknown, after: unknown) => boolean,
): Live<unknown> {
  return fromReadable(() => replicaOf(toSource(source)), select, equal);
}

/** How the connection of a source is doing, and its topic on it. This alone does not make it connect. */
export function veloxStatus(source: Source<unknown> | (() => Source<unknown>)): Live<Status> {
  return fromReadable(() => replicaOf(toSource(source)).status, identity<Status>);
}

const toSource = <T>(source: Source<T> | (() => Source<T>)): Source<T> =>
  typeof source === 'function' ? source() : source;

const identity = <T>(value: T): T => value;
