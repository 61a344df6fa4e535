import type { Signal } from '@angular/core';
import type { EntitySource, Replicated } from '@velox/core';
import { entityOf } from '@velox/core/adapter';
import { injectVelox } from './inject-velox.js';
import type { EntityId } from './velox-service.js';

/**
 * Returns a signal of a row of an entity, undefined until it arrives and `null` if it does not exist.
 *
 * @param source a URL, an object with `url` and options; or a signal or function that returns one.
 * @param id may change; while it is null or undefined, no row is requested.
 * @example readonly item = injectEntity<Item>('/sync', 'items', this.id)
 * @throws Angular's NG0203 outside of an injection context.
 */
export function injectEntity<T>(
  source: EntitySource | (() => EntitySource),
  type: string,
  id: EntityId,
): Signal<Replicated<T> | null | undefined>;
/** @param equal default `Object.is`. A selector that builds a fresh object needs another one, for instance `shallow`. */
export function injectEntity<T, S>(
  source: EntitySource | (() => EntitySource),
  type: string,
  id: EntityId,
  select: (row: T | null | undefined) => S,
  equal?: (before: S, after: S) => boolean,
): Signal<S>;
export function injectEntity(
  source: EntitySource | (() => EntitySource),
  type: string,
  id: EntityId,
  select?: (row: unknown) => unknown,
  equal?: (before: unknown, after: unknown) => boolean,
): Signal<unknown> {
  const row = () =>
    entityOf(typeof source === 'function' ? source() : source, type, typeof id === 'function' ? id() : id);
  return injectVelox(row, select ?? ((value) => value), equal);
}
