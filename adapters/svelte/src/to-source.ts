import type { Source } from '@velox/core';
import { ownInitial } from '@velox/core/adapter';
import { untrack } from 'svelte';

/** Returns the present source. The value to start from may be part of the application's `$state`. */
export function toSource<T>(source: Source<T> | (() => Source<T>)): Source<T> {
  const present = typeof source === 'function' ? source() : source;
  if (typeof present === 'string' || !('initial' in present) || !present.initial) return present;
  const { initial } = present;
  return { ...present, initial: untrack(() => ownInitial(initial)) };
}
