import type { Hydratable } from '@velox/core';
import { createKeep } from '@velox/core/adapter';
import { computed, getCurrentInstance, onMounted, shallowRef, watch, type ShallowRef } from 'vue';

/**
 * Returns a ref to a selection of a readable's value, until the scope of the call ends: the one primitive of this adapter.
 * `readable` and `select` may read refs, and run again when they change.
 *
 * @param equal whether two selections are the same, so that the former is kept; default `Object.is`.
 */
export function useReadable<T, S>(
  readable: () => Hydratable<T>,
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean = Object.is,
): Readonly<ShallowRef<S>> {
  const keep = createKeep(equal);
  const current = computed(readable);
  // Only a component that is being hydrated has an element before its set-up. It must first render the server's value again.
  const hydrating = !!getCurrentInstance()?.vnode.el;
  const value: ShallowRef<T> = shallowRef(hydrating ? current.value.getInitial() : current.value.get());

  let fresh = !hydrating;
  const refresh = (): void => {
    if (fresh) value.value = current.value.get();
  };
  if (hydrating) {
    onMounted(() => {
      fresh = true;
      refresh();
    });
  }
  // With `sync`, Vue also ends the watcher after server rendering, which ends no scope.
  watch(
    current,
    ({ subscribe }, _, onCleanup) => {
      onCleanup(subscribe(refresh));
      refresh();
    },
    { immediate: true, flush: 'sync' },
  );
  return computed(() => keep(select(value.value), value.value));
}
