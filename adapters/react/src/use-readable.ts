import type { Hydratable } from '@velox/core';
import { createSelection } from '@velox/core/adapter';
import { useMemo, useSyncExternalStore } from 'react';

/**
 * Renders the component whenever the selection changes: the one primitive of this adapter. `select` may be written inline.
 *
 * @param equal whether two selections are the same, so that the former is kept; default `Object.is`.
 * @param initial the value that a server rendered; default: that of the readable.
 */
export function useReadable<T, S>(
  { get, getInitial, subscribe }: Hydratable<T>,
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean = Object.is,
  initial: () => T = getInitial,
): S {
  // Selections of two sources are not compared.
  const selection = useMemo(createSelection<T, S>, [get]);
  return useSyncExternalStore(
    subscribe,
    () => selection(get(), select, equal),
    () => selection(initial(), select, equal),
  );
}
