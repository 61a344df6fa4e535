import type { EntitySource, Replicated } from '@velox/core';
import { entityOf } from '@velox/core/adapter';
import type { Live } from './from-readable.js';
import { velox } from './velox.js';

/** The id of a row, or a function that returns one and may read state; while it is null or undefined, no row is requested. */
export type Id = string | number | null | undefined | (() => string | number | null | undefined);

/**
 * Returns a row of an entity, undefined until it arrives and `null` if it does not exist.
 *
 * @param source a URL, an object with `url` and options; or a function that returns one and may read state.
 * @param id may change; while it is null or undefined, no row is requested.
 * @example const item = veloxEntity<Item>('/sync', 'items', () => id)
 */
export function veloxEntity<T>(
  source: EntitySource | (() => EntitySource),
  type: string,
  id: Id,
): Live<Replicated<T> | null | undefined>;
/** @param equal default `Object.is`. A selector that builds a fresh object needs another one, for instance `shallow`. */
export function veloxEntity<T, S>(
  source: EntitySource | (() => EntitySource),
  type: string,
  id: Id,
  select: (row: T | null | undefined) => S,
  equal?: (before: S, after: S) => boolean,
): Live<S>;
export function veloxEntity(
  source: EntitySource | (() => EntitySource),
  type: string,
  id: Id,
  select?: (row: unknown) => unknown,
  equal?: (before: unknown, after: unknown) => boolean,
): Live<unknown> {
  const row = () =>
    entityOf(typeof source === 'function' ? source() : source, type, typeof id === 'function' ? id() : id);
  return velox(row, select ?? ((value) => value), equal);
}
