/** A memory of one selection: see {@link createSelection}. */
export type Selection<T, S> = (
  value: T,
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean,
) => S;

/** Keeps a reference while `equal` finds no difference to the next value, and returns it. */
export function createKeep<S>(equal: (before: S, after: S) => boolean): (next: S) => S {
  let kept: { readonly value: S } | undefined;
  return (next) => {
    if (!kept || !equal(kept.value, next)) kept = { value: next };
    return kept.value;
  };
}

/**
 * Remembers the last selection: `select` runs again only for a new value or when it is another function itself, and the old
 * result is kept (by reference) while `equal` says that nothing changed, so that whoever compares references sees no change.
 */
export function createSelection<T, S>(): Selection<T, S> {
  let value: T;
  let select: ((value: T) => S) | undefined;
  let selected: S;
  return (nextValue, nextSelect, equal) => {
    if (select !== nextSelect || !Object.is(value, nextValue)) {
      const next = nextSelect(nextValue);
      if (!select || !equal(selected, next)) selected = next;
      value = nextValue;
      select = nextSelect;
    }
    return selected;
  };
}

/**
 * A {@link createSelection} for one `select`.
 *
 * @param equal default `Object.is`. A selector that builds a fresh object needs its own, or changes with every value.
 */
export function createSelector<T, S>(
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean = Object.is,
): (value: T) => S {
  const selection = createSelection<T, S>();
  return (value) => selection(value, select, equal);
}
