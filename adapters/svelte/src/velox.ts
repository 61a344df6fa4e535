import type { Replicated, Source, Status } from '@velox/core';
import { replicaOf, type Lookup } from '@velox/core/adapter';
import { fromReadable, type Live } from './from-readable.js';
import { toSource } from './to-source.js';

/**
 * Returns the value of a topic, undefined until it arrives: `board.current` with runes, or `$board` as a store. The topic is subscribed
 * while a reactive reader uses it.
 *
 * @param source a URL, a replica, an object with `url` and options; or a function that returns one and may read state.
 * @example
 * const board = velox<Board>('/sync')
 * const title = velox('/sync', (board: Board | undefined) => board?.title)
 */
export function velox<T>(source: Source<T> | (() => Source<T>)): Live<Replicated<T> | undefined>;
/**
 * @param select may read state, and runs again when it changes.
 * @param equal default `Object.is`. A selector that builds a fresh object needs another one, for instance `shallow`.
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
  const last: Lookup = {};
  return fromReadable(() => replicaOf(toSource(source), last), select, equal);
}

/** The status of a source's connection and topic. It does not open the connection. */
export function veloxStatus(source: Source<unknown> | (() => Source<unknown>)): Live<Status> {
  const last: Lookup = {};
  return fromReadable(() => replicaOf(toSource(source), last).status, identity<Status>);
}

const identity = <T>(value: T): T => value;
