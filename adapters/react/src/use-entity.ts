import type { EntitySource, Replicated } from '@velox/core';
import { entityOf } from '@velox/core/adapter';
import { useSource, type VeloxDefaults } from './provider.js';
import { useSuspenseVelox, useVelox } from './use-velox.js';

/** The endpoint of the rows: a URL, an object with `url` and options, or undefined inside a `VeloxProvider`. */
export type ProvidedEntitySource = string | VeloxDefaults | undefined;

/**
 * Returns a row of an entity, undefined until it arrives and `null` if it does not exist. The component renders when the row, or its
 * selection, changes.
 *
 * @param id while it is null or undefined, the hook waits and asks for nothing.
 * @example const item = useEntity<Item>('/sync', 'items', 7)
 */
export function useEntity<T>(
  source: ProvidedEntitySource,
  type: string,
  id: string | number | null | undefined,
): Replicated<T> | null | undefined;
/** @param equal default `Object.is`. A selector that builds a fresh object needs another one, for instance `shallow`. */
export function useEntity<T, S>(
  source: ProvidedEntitySource,
  type: string,
  id: string | number | null | undefined,
  select: (row: T | null | undefined) => S,
  equal?: (before: S, after: S) => boolean,
): S;
export function useEntity(
  source: ProvidedEntitySource,
  type: string,
  id: string | number | null | undefined,
  select?: (row: unknown) => unknown,
  equal?: (before: unknown, after: unknown) => boolean,
): unknown {
  return useVelox(entityOf(useEndpoint(source), type, id), select ?? ((row) => row), equal);
}

/**
 * Returns a row of an entity, and suspends until it arrives; `null` if it does not exist.
 *
 * @throws VeloxError to the error boundary, with the server's code, if the row is denied or the connection is closed.
 */
export function useSuspenseEntity<T>(
  source: ProvidedEntitySource,
  type: string,
  id: string | number,
): Replicated<T> | null;
export function useSuspenseEntity<T, S>(
  source: ProvidedEntitySource,
  type: string,
  id: string | number,
  select: (row: T | null) => S,
  equal?: (before: S, after: S) => boolean,
): S;
export function useSuspenseEntity(
  source: ProvidedEntitySource,
  type: string,
  id: string | number,
  select?: (row: unknown) => unknown,
  equal?: (before: unknown, after: unknown) => boolean,
): unknown {
  return useSuspenseVelox(entityOf(useEndpoint(source), type, id), select ?? ((row) => row), equal);
}

/** Returns the endpoint with the defaults of the provider. */
function useEndpoint(source: ProvidedEntitySource): EntitySource {
  return useSource(source) as EntitySource;
}
