import { noteFreshSelection } from '#development';

/** Remembers one selection; see {@link createSelection}. */
export type Selection<T, S> = (
  value: T,
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean,
) => S;

/**
 * Creates a function that returns the former selection, by its reference, while `equal` finds the next one the same. Create another one for
 * another source: `equal` may find parts of two sources the same, for instance two rows of one version.
 *
 * @returns a function of the next selection, and of the value that it was selected from if a new reference causes a rendering
 */
export function createKeep<S>(equal: (before: S, after: S) => boolean): (next: S, from?: unknown) => S {
  let kept: { readonly value: S } | undefined;
  return function keep(next, from) {
    noteFreshSelection(keep, from, next, equal);
    if (!kept || !equal(kept.value, next)) kept = { value: next };
    return kept.value;
  };
}

/**
 * Remembers the last selection. `select` runs again for a new value, or if it is another function. The former result keeps its reference
 * while `equal` finds the next one the same, so components that compare references do not render. Create another one for
 * another source, as of {@link createKeep}.
 */
export function createSelection<T, S>(): Selection<T, S> {
  let value: T;
  let formerSelect: ((value: T) => S) | undefined;
  let selected: S;
  return function selection(nextValue, select, equal) {
    if (formerSelect !== select || !Object.is(value, nextValue)) {
      const next = select(nextValue);
      noteFreshSelection(selection, nextValue, next, equal);
      if (!formerSelect || !equal(selected, next)) selected = next;
      value = nextValue;
      formerSelect = select;
    }
    return selected;
  };
}

/**
 * A {@link createSelection} for one `select`.
 *
 * @param equal default `Object.is`. A selector that builds a fresh object needs another one, for instance `shallow`.
 */
export function createSelector<T, S>(
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean = Object.is,
): (value: T) => S {
  const selection = createSelection<T, S>();
  return (value) => selection(value, select, equal);
}
