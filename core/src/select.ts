/**
 * Remembers one selection: `select` runs again only for a new value, and the old result is kept (by reference) while
 * `equal` says that nothing changed, so that whoever compares references sees no change.
 *
 * @param equal default `Object.is`. A selector that builds a fresh object needs its own, or changes with every value.
 */
export function createSelector<T, S>(
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean = Object.is,
): (value: T) => S {
  let last: { readonly value: T; readonly selected: S } | undefined;
  return (value) => {
    if (last && Object.is(last.value, value)) return last.selected;
    const selected = select(value);
    last = { value, selected: last && equal(last.selected, selected) ? last.selected : selected };
    return last.selected;
  };
}
