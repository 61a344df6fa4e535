/** A map that does not keep its values alive. */
export interface WeakValues<V extends object> {
  readonly get: (key: string) => V | undefined;
  readonly set: (key: string, value: V) => void;
}

/** Creates such a map. Keys whose values are gone are swept as it grows, so it has at most twice as many keys as it needs, and 100. */
export function createWeakValues<V extends object>(): WeakValues<V> {
  const refs = new Map<string, WeakRef<V>>();
  let bound = 100;
  return {
    get: (key) => refs.get(key)?.deref(),
    set(key, value) {
      refs.set(key, new WeakRef(value));
      if (refs.size <= bound) return;
      for (const [each, ref] of refs) if (!ref.deref()) refs.delete(each);
      bound = 2 * refs.size + 100;
    },
  };
}
