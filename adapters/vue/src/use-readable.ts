import { createKeep, type Hydratable } from '@velox/core';
import { computed, getCurrentInstance, onMounted, shallowRef, watch, type ShallowRef } from 'vue';

/**
 * A ref to a selection of what `readable` gives, until the end of the scope that it is called in: the one primitive of this
 * adapter. `readable` and `select` may read refs: they are followed.
 *
 * @param equal when two selections count as the same, and the former is kept; default `Object.is`.
 */
export function useReadable<T, S>(
  readable: () => Hydratable<T>,
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean = Object.is,
): Readonly<ShallowRef<S>> {
  const keep = createKeep(equal);
  const current = computed(readable);
  // Only what is hydrated has its element before it is set up. What the server rendered is to be rendered again.
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
  // `sync` is also what makes Vue end it when a server has rendered, which ends no scope.
  watch(
    current,
    ({ subscribe }, _, onCleanup) => {
      onCleanup(subscribe(refresh));
      refresh();
    },
    { immediate: true, flush: 'sync' },
  );
  return computed(() => keep(select(value.value)));
}
