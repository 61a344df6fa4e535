import type { EntitySource, Replicated } from '@velox/core';
import { entityOf } from '@velox/core/adapter';
import { toValue, type MaybeRefOrGetter } from 'vue';
import { useVelox, type VeloxRef } from './use-velox.js';

/** The id of a row; while it is null or undefined, no row is requested. */
export type Id = MaybeRefOrGetter<string | number | null | undefined>;

/**
 * Returns a ref to a row of an entity, undefined until it arrives and `null` if it does not exist.
 *
 * @param id may change; while it is null or undefined, no row is requested.
 * @example const item = useEntity<Item>('/sync', 'items', () => props.id)
 */
export function useEntity<T>(
  source: MaybeRefOrGetter<EntitySource>,
  type: string,
  id: Id,
): VeloxRef<Replicated<T> | null | undefined, Replicated<T> | null>;
/** @param equal default `Object.is`. A selector that builds a fresh object needs another one, for instance `shallow`. */
export function useEntity<T, S>(
  source: MaybeRefOrGetter<EntitySource>,
  type: string,
  id: Id,
  select: (row: T | null | undefined) => S,
  equal?: (before: S, after: S) => boolean,
): VeloxRef<S>;
export function useEntity(
  source: MaybeRefOrGetter<EntitySource>,
  type: string,
  id: Id,
  select?: (row: unknown) => unknown,
  equal?: (before: unknown, after: unknown) => boolean,
): VeloxRef<unknown> {
  return useVelox(() => entityOf(toValue(source), type, toValue(id)), select ?? ((row) => row), equal);
}
