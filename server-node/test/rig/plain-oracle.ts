/**
 * Ordinary objects as the oracle for drafts. Two rules of drafts differ from ordinary objects, and the oracle finds the statements that
 * meet them: an object in two places becomes two copies, and an object does not show the writes to a draft of its copy.
 */

type Target = Record<string, unknown> | unknown[];

/** A statement whose result ordinary objects cannot tell. */
export class RuleBroken extends Error {}

/** Stands for all items of a list: the writes to one index can change the meaning of every other. */
const ANY = '*';
const GROWS: ReadonlySet<string> = new Set(['push', 'unshift']);
const MUTATORS: ReadonlySet<string> = new Set([
  ...GROWS,
  ...['pop', 'shift', 'splice', 'reverse', 'sort', 'fill', 'copyWithin'],
]);
const SEARCHES: ReadonlySet<string> = new Set(['indexOf', 'lastIndexOf', 'includes']);

export interface PlainOracle<T> {
  /** The document as a recipe sees it. */
  readonly draft: T;
  /** Returns an object as its creator sees it. */
  keep<O extends object>(object: O): O;
  /** Ends a statement. */
  settle(): void;
  /** Fails if an object stood in two places at any time: its copies are different objects. */
  refuseShared(this: void, value: unknown): void;
}

export function createPlainOracle<T extends object>(root: T): PlainOracle<T> {
  /** The keys that a draft wrote. */
  const written = new WeakMap<object, Set<string>>();
  /** Objects that stood in two places at any time, and all in them. */
  const shared = new WeakSet<object>();
  /** Objects that were in the document at any time. */
  const ever = new WeakSet<object>();
  const drafts = new WeakMap<object, object>();
  const kept = new WeakMap<object, object>();
  const raw = new WeakMap<object, object>();

  const unwrap = (value: unknown): unknown => (isTarget(value) ? (raw.get(value) ?? value) : value);
  const unwrapAll = (value: unknown): unknown => {
    const inner = unwrap(value);
    if (!isTarget(inner) || inner !== value) return inner;
    for (const [key, member] of Object.entries(inner)) Reflect.set(inner, key, unwrapAll(member));
    return inner;
  };
  const isKept = (value: unknown): boolean =>
    isTarget(value) && raw.has(value) && kept.get(raw.get(value)!) === value;
  const isDraft = (value: unknown): boolean =>
    isTarget(value) && raw.has(value) && drafts.get(raw.get(value)!) === value;

  function walk(value: unknown, visit: (target: Target) => void, path: readonly unknown[] = []): void {
    if (!isTarget(value)) return;
    if (path.includes(value)) throw new RuleBroken('a cycle');
    visit(value);
    for (const member of Object.values(value)) walk(member, visit, [...path, value]);
  }

  /** An object that drafts wrote to does not show it. */
  function refuseWritten(value: unknown): void {
    if (isKept(value))
      walk(unwrap(value), (target) => {
        if (written.has(target)) throw new RuleBroken('written by a draft');
      });
    else if (isTarget(value) && !raw.has(value)) Object.values(value).forEach(refuseWritten);
  }

  /** What is in the document already stands in two places from now on. */
  function share(value: unknown): void {
    const inside = new Set<object>();
    walk(root, (target) => inside.add(target));
    walk(value, (target) => {
      if (inside.has(target)) walk(target, (part) => shared.add(part));
    });
  }

  /** Refuses cycles, and shares the new members of an object in two places. */
  function check(target: Target): void {
    const isShared = shared.has(target);
    walk(target, (part) => void (isShared && shared.add(part)));
  }

  /** An object that is assigned once more gets a second copy, also if the first one is gone. */
  function repeat(value: unknown): void {
    if (isDraft(value) || !isTarget(value)) return;
    const target = raw.get(value) ?? value;
    if (ever.has(target)) walk(target, (part) => shared.add(part));
    Object.values(target).forEach(repeat);
  }

  function write(target: Target, key: string): void {
    if (shared.has(target)) throw new RuleBroken('in two places');
    if (!written.has(target)) written.set(target, new Set());
    written.get(target)!.add(Array.isArray(target) ? ANY : key);
  }

  function take(value: unknown): unknown {
    refuseWritten(value);
    repeat(value);
    const plain = unwrapAll(value);
    share(plain);
    return plain;
  }

  function wrap(target: Target, cache: WeakMap<object, object>, handler: ProxyHandler<Target>): object {
    let proxy = cache.get(target);
    if (!proxy) {
      cache.set(target, (proxy = new Proxy(target, handler)));
      raw.set(proxy, target);
    }
    return proxy;
  }

  const asDraft = (value: unknown): unknown => (isTarget(value) ? wrap(value, drafts, draftHandler) : value);
  const asKept = (value: unknown): unknown => (isTarget(value) ? wrap(value, kept, keptHandler) : value);

  const draftHandler: ProxyHandler<Target> = {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value === 'function' && SEARCHES.has(String(key)))
        return (item: unknown) => (value as (item: unknown) => unknown).call(target, unwrap(item));
      if (typeof value !== 'function' || !MUTATORS.has(String(key))) return asDraft(value);
      return (...args: unknown[]) => {
        write(target, ANY);
        const plain = key === 'sort' ? args.map((each) => comparing(each, asDraft)) : args.map(take);
        const result: unknown = (value as (...all: unknown[]) => unknown).apply(target, plain);
        return Array.isArray(result) && result !== target ? result.map(asDraft) : asDraft(result);
      };
    },
    set(target, key, value) {
      write(target, String(key));
      if (isTarget(Reflect.get(target, key))) Reflect.set(target, key, undefined); // its parts may move
      return Reflect.set(target, key, take(value));
    },
    deleteProperty(target, key) {
      write(target, String(key));
      return Reflect.deleteProperty(target, key);
    },
    defineProperty(target, key, { value }) {
      return draftHandler.set!(target, key, value, target);
    },
  };

  const keptHandler: ProxyHandler<Target> = {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      const keys = written.get(target);
      const isGrowth = GROWS.has(String(key));
      if (keys?.has(String(key)) || (keys?.has(ANY) && !isGrowth)) throw new RuleBroken('not shown');
      if (typeof value !== 'function' || !MUTATORS.has(String(key))) return asKept(value);
      return (...args: unknown[]) => {
        const given = key === 'copyWithin' ? (target as unknown[]).map(asKept) : args;
        given.forEach(refuseWritten);
        args.forEach(repeat);
        const plain = key === 'sort' ? args.map((each) => comparing(each, asKept)) : args.map(unwrapAll);
        const result: unknown = (value as (...all: unknown[]) => unknown).apply(target, plain);
        check(target);
        return asKept(result);
      };
    },
    set(target, key, value) {
      if (Array.isArray(target) && written.has(target)) throw new RuleBroken('not shown');
      refuseWritten(value);
      repeat(value);
      // The object holds a draft: what its creator writes to it, a draft writes.
      if (isDraft(value)) {
        if (!written.has(target)) written.set(target, new Set());
        written.get(target)!.add(String(key));
      }
      Reflect.set(target, key, unwrapAll(value));
      check(target);
      return true;
    },
    ownKeys(target) {
      if (!Array.isArray(target) && written.has(target)) throw new RuleBroken('not shown');
      return Reflect.ownKeys(target);
    },
    deleteProperty(target, key) {
      const keys = written.get(target);
      if (keys?.has(String(key)) || keys?.has(ANY)) throw new RuleBroken('not shown');
      return Reflect.deleteProperty(target, key);
    },
  };

  return {
    draft: asDraft(root) as T,
    keep: <O extends object>(object: O) => asKept(unwrap(object)) as O,
    settle() {
      const seen = new Set<object>();
      walk(root, (target) => {
        if (seen.has(target)) walk(target, (part) => shared.add(part));
        seen.add(target);
        ever.add(target);
      });
    },
    refuseShared(value) {
      const inner = unwrap(value);
      if (isTarget(inner) && shared.has(inner)) throw new RuleBroken('in two places');
    },
  };
}

/** The comparison of a `sort`, which sees the items as their list does. */
const comparing = (compare: unknown, see: (value: unknown) => unknown) => (left: unknown, right: unknown) =>
  (compare as (...pair: unknown[]) => number)(see(left), see(right));

function isTarget(value: unknown): value is Target {
  return typeof value === 'object' && value !== null;
}
