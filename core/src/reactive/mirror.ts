import { isContainer, type Container } from '../protocol/container.js';

/** How {@link createMirror} goes about it. */
export interface MirrorOptions {
  /** The member that identifies rows of a list when their content has changed; default `id`. */
  readonly key?: string | undefined;
}

/**
 * Creates the function that keeps one mutable object equal to a succession of immutable values, for code that keeps a reference to the
 * object (AngularJS scopes, the classic API). Objects and rows keep their identity: a value with the same reference as before is skipped,
 * and rows are matched by that reference, then by `key`, then by place. Values are copied in, so the object shares no part with them. Keys
 * that begin with `$` are the application's: they stay, and come from no value.
 *
 * @returns gives `target`, or a fresh copy if it cannot become `value` (a list for an object, or no container at all).
 */
export function createMirror({ key = 'id' }: MirrorOptions = {}): <T>(target: unknown, value: T) => T {
  /** The value that each copy last became equal to. */
  const originals = new WeakMap<object, object>();

  function fit(target: unknown, value: unknown): unknown {
    if (!isContainer(value)) return value;
    const list = Array.isArray(value);
    const copy = isContainer(target) && Array.isArray(target) === list ? target : list ? [] : {};
    if (originals.get(copy) === value) return copy;
    if (Array.isArray(copy)) fitRows(copy, value as unknown as unknown[]);
    else fitMembers(copy, value);
    originals.set(copy, value);
    return copy;
  }

  function fitMembers(target: Container, value: Container): void {
    for (const name of Object.keys(target)) {
      if (!name.startsWith('$') && !Object.hasOwn(value, name)) delete target[name];
    }
    for (const [name, member] of Object.entries(value)) {
      if (name.startsWith('$')) continue;
      const fitted = fit(Object.hasOwn(target, name) ? target[name] : undefined, member);
      if (name === '__proto__') define(target, name, fitted);
      else target[name] = fitted;
    }
  }

  /** Whether a place is current: it was made from the same reference. */
  const isFit = (target: unknown, value: unknown): boolean =>
    isContainer(target) ? originals.get(target) === value : Object.is(target, value);

  function fitRows(target: unknown[], rows: readonly unknown[]): void {
    const shorter = Math.min(target.length, rows.length);
    let start = 0;
    while (start < shorter && isFit(target[start], rows[start])) start++;
    let tail = 0;
    while (tail < shorter - start && isFit(target.at(-1 - tail), rows.at(-1 - tail))) tail++;

    const fitted = fitAll(target.slice(start, target.length - tail), rows.slice(start, rows.length - tail));
    const rest = target.slice(target.length - tail);
    for (const row of [...fitted, ...rest]) target[start++] = row;
    target.length = rows.length;
  }

  /** What becomes of the rows `before`, each of which is used once. */
  function fitAll(before: readonly unknown[], rows: readonly unknown[]): unknown[] {
    const places = new Map<unknown, number>(); // by the value that a row was made from, and by its key
    before.forEach((row, place) => {
      if (isContainer(row)) places.set(originals.get(row) ?? row, place).set(row[key] ?? row, place);
    });
    const taken = new Set<number>();
    const take = (place: number | undefined): number | undefined => {
      if (place === undefined || taken.has(place) || !isContainer(before[place])) return undefined;
      taken.add(place);
      return place;
    };
    // Rows with equal references are matched first, before a match by key or place can take them.
    const found = rows.map((row) => take(places.get(row)));
    let next = 0;
    return rows.map((row, index) => {
      let place = found[index];
      if (place === undefined && isContainer(row))
        place = take(row[key] === undefined ? next : places.get(row[key]));
      if (place !== undefined) next = place + 1;
      return fit(place === undefined ? undefined : before[place], row);
    });
  }

  return fit as <T>(target: unknown, value: T) => T;
}

/** An assignment to `__proto__` would not make a member. */
function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, enumerable: true, writable: true });
}
