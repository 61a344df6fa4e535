import type { Replicated, Source, Status } from '@velox/core';
import { replicaOf, type Lookup } from '@velox/core/adapter';
import type { Signal } from '@angular/core';
import { injectReadable } from './inject-readable.js';

/**
 * Returns a signal of the value of a topic, undefined until it arrives. It ends with the injection context of the call, usually a
 * component's.
 *
 * @param source a URL, a replica, an object with `url` and options; or a signal or function that returns one.
 * @example
 * readonly board = injectVelox<Board>('/sync')
 * readonly title = injectVelox('/sync', (board: Board | undefined) => board?.title)
 * @throws Angular's NG0203 outside of an injection context.
 */
export function injectVelox<T>(source: Source<T> | (() => Source<T>)): Signal<Replicated<T> | undefined>;
/**
 * @param select may read signals, and runs again when they change.
 * @param equal default `Object.is`. A selector that builds a fresh object needs another one, for instance `shallow`.
 */
export function injectVelox<T, S>(
  source: Source<T> | (() => Source<T>),
  select: (value: T | undefined) => S,
  equal?: (before: S, after: S) => boolean,
): Signal<S>;
export function injectVelox(
  source: Source<unknown> | (() => Source<unknown>),
  select = identity,
  equal?: (before: unknown, after: unknown) => boolean,
): Signal<unknown> {
  const last: Lookup = {};
  return injectReadable(() => replicaOf(toSource(source), last), select, equal);
}

/** The status of a source's connection and topic. It does not open the connection. */
export function injectVeloxStatus(source: Source<unknown> | (() => Source<unknown>)): Signal<Status> {
  const last: Lookup = {};
  return injectReadable(() => replicaOf(toSource(source), last).status, identity<Status>);
}

const toSource = <T>(source: Source<T> | (() => Source<T>)): Source<T> =>
  typeof source === 'function' ? source() : source;

const identity = <T>(value: T): T => value;
