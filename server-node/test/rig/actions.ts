/** Actions on a document that mean the same for a draft and for a plain clone, each a few lines of an application. */
import fc from 'fast-check';
import { canonical, isContainer, json, key, own, value, type Container } from './documents.js';

/** What differs between the two: how a value gets in. */
export interface World {
  /** A value of the application. */
  readonly give: (value: unknown) => unknown;
  /** A part of the document that is put to a second place. */
  readonly again: (part: unknown) => unknown;
  readonly put: (target: Container, key: string, value: unknown) => void;
}

/** A draft converts every assigned value to JSON. */
export const DRAFT: World = {
  give: (given) => given,
  again: (part) => part,
  put: (target, name, given) => void ((target as Record<string, unknown>)[name] = given),
};

/** A plain clone needs JSON, and a copy if an object would have two paths. */
export const PLAIN: World = {
  give: json,
  again: json,
  put(target, name, given) {
    if (Array.isArray(target)) {
      const index = Number(name);
      if (String(index) !== name || index < 0) return;
      while (target.length < index) target.push(null);
      target[index] = given ?? null;
    } else if (given === undefined) delete target[name];
    else if (!name.startsWith('$')) own(target, name, given);
  },
};

/** The place and arguments of an action: `at` is an object or array, `inner` its member under `child`. */
interface Site {
  readonly world: World;
  readonly at: Container;
  readonly list: unknown[] | undefined;
  readonly child: string;
  readonly inner: unknown;
  readonly name: string;
  readonly a: number;
  readonly b: number;
  readonly given: unknown;
  /** A new value. */
  readonly item: () => unknown;
  /** Another place, found anew at each call. */
  readonly there: () => Container;
  readonly into: (target: Container, value: unknown) => void;
}

type Perform = (this: void, site: Site) => unknown;

const ACTIONS: Readonly<Record<string, Perform>> = {
  set: ({ world, at, list, child, name, b, given }) =>
    world.put(at, list ? String(b) : (b % 2 && child) || name, world.give(given)),
  delete({ world, at, list, child }) {
    if (!Object.hasOwn(at, child)) return;
    if (list && world === PLAIN) list[Number(child)] = null;
    else delete (at as Record<string, unknown>)[child];
  },
  assign({ world, at, list, given }) {
    if (list) return;
    if (world === DRAFT) Object.assign(at, { c: 5, b: given });
    else ['c', 'b'].forEach((name) => world.put(at, name, name === 'c' ? 5 : json(given)));
  },
  push: ({ list, item }) => list?.push(item(), item()),
  unshift: ({ list, item }) => list?.unshift(item()),
  pop: ({ list }) => list?.pop(),
  shift: ({ list }) => list?.shift(),
  splice: ({ list, a, b, item }) =>
    b === 7 ? list?.splice(a) : list?.splice(a, (b % 4) - 1, item(), item()),
  // containers may have a toString of their own that is no function
  sort: ({ list }) => list && !list.some(isContainer) && list.sort(),
  compare: ({ list }) => list?.sort((left, right) => (canonical(left) < canonical(right) ? 1 : -1)),
  reverse: ({ list }) => list?.reverse(),
  fill({ world, list, a, b, given }) {
    if (world === DRAFT) return list?.fill(given, a, b);
    const marks = new Array(list?.length ?? 0).fill(false).fill(true, a, b);
    marks.forEach((mark, index) => mark && world.put(list as unknown[], String(index), json(given)));
  },
  copyWithin({ world, list, a, b }) {
    list?.copyWithin(a, b % 4, 3 + b);
    if (list && world === PLAIN) list.splice(0, list.length, ...(json(list) as unknown[]));
  },
  length({ world, list, b }) {
    if (!list) return;
    if (world === DRAFT || b < list.length) list.length = b;
    else while (list.length < b) list.push(null);
  },
  /** A subtree is taken out and put in elsewhere. */
  move({ at, list, child, inner, there, into }) {
    if (!isContainer(inner)) return;
    if (list) list.splice(Number(child), 1);
    else delete (at as Record<string, unknown>)[child];
    into(there(), inner);
  },
  copy: ({ world, inner, there, into }) => into(there(), world.again(inner) ?? null),
  filter({ world, at, child, inner, a, item }) {
    if (Array.isArray(inner)) world.put(at, child, [...inner.filter((_, index) => index !== a), item()]);
  },
  spread({ world, at, child, inner, item }) {
    if (!isContainer(inner) || Array.isArray(inner)) return;
    world.put(at, child, { ...inner, c: item(), box: [world.again(inner.a) ?? null] });
  },
  swap({ list, a, b }) {
    if (list && a >= 0 && a < list.length && b < list.length) [list[a], list[b]] = [list[b], list[a]];
  },
  /** A row stands at a second index as in a swap, but another write follows. */
  halfSwap({ world, list, a, b, name, item, into }) {
    if (!list || a < 0 || a === b || Math.max(a, b) >= list.length) return;
    const row = list[b];
    list[a] = world.again(row);
    const at = (index: number): Container => {
      const found = list[index];
      return isContainer(found) ? found : list;
    };
    const others = [
      () => list.pop(),
      () => list.shift(),
      () => list.reverse(),
      () => list.splice(a, 1),
      () => list.unshift(...list.splice(b, 1)),
      () => world.put(list, String(b), item()),
      () => world.put(list, String(a), item()),
      () => into(at(a), item()),
      () => into(at(b), item()),
      () => isContainer(row) && into(row, item()),
      () => [into(at(b), item()), into(at(a), item())],
    ];
    others[(name.charCodeAt(0) || 0) % others.length]?.();
  },
  rotate({ list, a, b }) {
    if (!list || a < 0 || Math.max(a, b) + 1 >= list.length || Math.abs(a - b) < 2) return;
    [list[a], list[b], list[a + 1]] = [list[b], list[a + 1], list[a]];
  },
  /** A row is changed while it is out. */
  edit({ list, into, item }) {
    const row = list?.pop();
    if (isContainer(row)) into(row, item());
    if (row !== undefined) list?.unshift(row);
  },
  /** A row is kept in a variable while the list around it changes. */
  hold({ list, inner, into, item }) {
    if (!list || !isContainer(inner)) return;
    list.unshift(item());
    into(inner, item());
    list.sort((left, right) => (canonical(left) < canonical(right) ? -1 : 1));
    into(inner, item());
  },
  /** A replaced object returns elsewhere, though parts of it live on in its successor. */
  rob({ world, at, child, inner, there, into, item }) {
    if (!isContainer(inner)) return;
    world.put(at, child, Array.isArray(inner) ? inner.slice(0, 2) : { ...inner });
    const target = there();
    into(target, world.again(inner));
    into(walk(target, [0, 1]) as Container, item());
  },
};

/** The names of all actions. */
export const KINDS: readonly string[] = Object.keys(ACTIONS);

const steps = fc.array(fc.nat(5), { maxLength: 4 });

/** One action, in numbers that lead both worlds to the same place. */
export interface Action {
  readonly kind: string;
  readonly where: readonly number[];
  readonly there: readonly number[];
  readonly a: number;
  readonly b: number;
  readonly name: string;
  readonly given: unknown;
}

export function action(kinds: readonly string[] = KINDS): fc.Arbitrary<Action> {
  return fc.record({
    kind: fc.constantFrom(...kinds),
    where: steps,
    there: steps,
    a: fc.integer({ min: -2, max: 7 }),
    b: fc.nat(7),
    name: key,
    given: value,
  });
}

/** Does an action somewhere in `root`. */
export function act(world: World, root: unknown, { kind, where, there, a, b, name, given }: Action): void {
  const at = walk(root, where);
  if (!at) return;
  const all = names(at);
  const child = all[b % all.length] ?? '';
  ACTIONS[kind]?.({
    world,
    at,
    list: Array.isArray(at) ? at : undefined,
    child,
    inner: Object.hasOwn(at, child) ? (at as Record<string, unknown>)[child] : undefined,
    name,
    a,
    b,
    given,
    item: () => world.give(given) ?? null,
    there: () => walk(root, there) ?? at,
    into: (target, moved) =>
      Array.isArray(target) ? target.splice(b, 0, moved) : world.put(target, name, moved),
  });
}

/** Follows the steps down through objects and arrays as far as there are any. */
export function walk(root: unknown, way: readonly number[]): Container | undefined {
  let at = root;
  for (const step of way) {
    const parent = at;
    const inner = isContainer(parent)
      ? names(parent).map((name) => (parent as Record<string, unknown>)[name])
      : [];
    const containers = inner.filter(isContainer);
    if (containers.length === 0) break;
    at = containers[step % containers.length];
  }
  return isContainer(at) ? at : undefined;
}

/** Sorted: JSON knows no order of keys, and a recipe that is undone may change it. */
function names(at: Container): string[] {
  return Array.isArray(at) ? Object.keys(at) : Object.keys(at).sort();
}
