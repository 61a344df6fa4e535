import type { Source } from '@velox/core';
import { ownInitial } from '@velox/core/adapter';
import { toRaw, toValue, type MaybeRefOrGetter } from 'vue';

/** Returns the present source. The value to start from may be part of the application's state, as `useFetch` of Nuxt returns it. */
export function toSource<T>(source: MaybeRefOrGetter<Source<T>>): Source<T> {
  const present = toValue(source);
  if (typeof present === 'string' || !('initial' in present) || !present.initial) return present;
  return { ...present, initial: ownInitial(toRaw(present.initial)) };
}
