import type { Hydratable } from '@velox/core';
import { createKeep } from '@velox/core/adapter';
import { computed, getCurrentInstance, onMounted, shallowRef, watch, type ShallowRef } from 'vue';

/**
 * Returns a ref to a selection of a readable's value, until the scope of the call ends: the one primitive of this adapter.
 * `readable` and `select` may read refs, and run again when they change.
 *
 * @param equal whether two selections are the same, so that the former is kept; default `Object.is`.
 * @param initial returns the value that a server rendered; default: that of the readable.
 */
export function useReadable<T, S>(
  readable: () => Hydratable<T>,
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean = Object.is,
  initial: () => T = () => readable().getInitial(),
): Readonly<ShallowRef<S>> {
  let keep = createKeep(equal);
  const current = computed(readable);
  const hydrating = isHydrating();
  const value: ShallowRef<T> = shallowRef(hydrating ? initial() : current.value.get());

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
      keep = createKeep(equal); // selections of two sources are not compared
      onCleanup(subscribe(refresh));
      refresh();
    },
    { immediate: true, flush: 'sync' },
  );
  return computed(() => keep(select(value.value), value.value));
}

/**
 * Whether the call is in a component that must first render the server's value again: it has an element of the page before it is mounted.
 * After that, a mounted hook may call, too. A vnode that an application keeps has its former element, which is in no parent.
 */
function isHydrating(): boolean {
  const component = getCurrentInstance();
  const element = component?.vnode.el as Node | null | undefined;
  return !component?.isMounted && !!element?.parentNode;
}
