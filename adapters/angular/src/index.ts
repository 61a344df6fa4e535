import { replicaOf, type Source, type Status } from '@velox/core';
import type { Signal } from '@angular/core';
import { injectReadable } from './inject-readable.js';

export { injectVeloxEvent } from './inject-velox-event.js';

/**
 * A signal of the value of a topic, undefined until it is known. It ends with the injection context, mostly a component's, of the
 * call.
 *
 * @param source a URL, a replica, an object with `url` and more; or a signal or function that gives one, which may change.
 * @example
 * readonly board = injectVelox<Board>('/sync')
 * readonly title = injectVelox('/sync', (board: Board | undefined) => board?.title)
 * @throws Angular's NG0203 outside of an injection context.
 */
export function injectVelox<T>(source: Source<T> | (() => Source<T>)): Signal<T | undefined>;
/**
 * @param select may read signals: they are followed.
 * @param equal default `Object.is`; a selector that builds a fresh object needs its own, or renders with every change.
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
  return injectReadable(() => replicaOf(toSource(source)), select, equal);
}

/** How the connection of a source is doing, and its topic on it. This alone does not make it connect. */
export function injectVeloxStatus(source: Source<unknown> | (() => Source<unknown>)): Signal<Status> {
  return injectReadable(() => replicaOf(toSource(source)).status, identity<Status>);
}

const toSource = <T>(source: Source<T> | (() => Source<T>)): Source<T> =>
  typeof source === 'function' ? source() : source;

const identity = <T>(value: T): T => value;
