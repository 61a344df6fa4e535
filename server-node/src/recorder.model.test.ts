import fc from 'fast-check';
import fjp from 'fast-json-patch';
import { describe, expect, it } from 'vitest';
import { createRecorder, type Recorder } from './recorder.js';

const numRuns = Number(process.env.VELOX_RUNS ?? 500);

type Container = Record<string, unknown> | unknown[];

/** What JSON makes of a value here; undefined where there is nothing left. */
function json(value: unknown): unknown {
  const text = JSON.stringify(value, (key, inner: unknown) => (key.startsWith('$') ? undefined : inner));
  return text === undefined ? undefined : JSON.parse(text);
}

/** A text that is the same for equal JSON values, whatever the order of their keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical((value as never)[key])}`).join()}}`;
}

function own(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

/** A second oracle: RFC 6902 as it is written, for the four operations that are sent. */
function patched(document: unknown, text: string): unknown {
  const holder = { '': document };
  for (const { op, path, from, value } of JSON.parse(text) as Record<string, string>[]) {
    const find = (pointer: string): { parent: Container; key: string } => {
      const keys = pointer.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
      expect(keys.filter((key) => ['__proto__', 'constructor', 'prototype'].includes(key))).toEqual([]);
      const key = keys.pop()!;
      const parent = keys.reduce<unknown>((at, step) => {
        expect(Object.hasOwn(at as object, step)).toBe(true);
        return (at as Record<string, unknown>)[step];
      }, holder);
      return { parent: parent as Container, key };
    };
    const remove = (pointer: string): unknown => {
      const { parent, key } = find(pointer);
      expect(Object.hasOwn(parent, key)).toBe(true);
      const old = (parent as Record<string, unknown>)[key];
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
      return old;
    };
    const add = (pointer: string, added: unknown): void => {
      const { parent, key } = find(pointer);
      if (!Array.isArray(parent)) return own(parent, key, added);
      expect(Number(key)).toBeLessThanOrEqual(parent.length);
      parent.splice(Number(key), 0, added);
    };
    if (op === 'remove') remove(path!);
    else if (op === 'add') add(path!, value);
    else if (op === 'move') add(path!, remove(from!));
    else if (op === 'replace') {
      const { parent, key } = find(path!);
      expect(Object.hasOwn(parent, key)).toBe(true);
      own(parent, key, value);
    } else expect.fail(`${op} is never sent`);
  }
  return holder[''];
}

const leaf = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom<unknown>(
    '',
    'a',
    'é',
    '"\\\n',
    '\ud800',
    '\u2028',
    true,
    false,
    null,
    undefined,
    NaN,
    -0,
    1e21,
    Infinity,
  ),
  fc.constant(new Date(0)),
  fc.constant({ toJSON: () => ({ a: [-0] }) }),
);
const key = fc.constantFrom(
  ...[
    'a',
    'b',
    'c',
    'id',
    '',
    '/',
    '~',
    '~1',
    '"',
    '0',
    '1',
    '01',
    '-',
    'length',
    'toString',
    '$x',
    '\ud800',
    '😀',
  ],
  ...['__proto__', 'constructor', 'prototype', 'hasOwnProperty'],
);
/** Makes values long, or else replacing them whole is nearly always shorter than any edit. */
const fill = '-'.repeat(120);

const { value } = fc.letrec<{ value: unknown; object: object; array: unknown[]; rows: unknown[] }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, leaf, tie('object'), tie('array'), tie('rows')),
  object: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => {
    const object = { fill };
    for (const [name, inner] of entries) own(object, name, inner);
    return object;
  }),
  array: fc.oneof(
    fc.array(tie('value'), { maxLength: 5 }),
    fc.constant([1, , 3]), // eslint-disable-line no-sparse-arrays
  ),
  rows: fc.array(fc.record({ id: fc.nat(9), n: tie('value'), fill: fc.constant(fill) }), { maxLength: 6 }),
}));

const action = fc.record({
  kind: fc.constantFrom(
    ...([
      'set',
      'set',
      'delete',
      'push',
      'unshift',
      'pop',
      'shift',
      'splice',
      'sort',
      'compare',
      'reverse',
      'fill',
    ] as const),
    ...([
      'copyWithin',
      'length',
      'move',
      'copy',
      'filter',
      'spread',
      'swap',
      'edit',
      'hold',
      'rob',
      'assign',
    ] as const),
  ),
  where: fc.array(fc.nat(5), { maxLength: 4 }),
  there: fc.array(fc.nat(5), { maxLength: 4 }),
  a: fc.integer({ min: -2, max: 7 }),
  b: fc.nat(7),
  key,
  value,
});
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;

/** The same recipe runs on a draft and on a plain clone; only what is given to the two differs. */
interface World {
  /** A value of the application. */
  give(value: unknown): unknown;
  /** A part of the document, put to a second place. */
  again(part: unknown): unknown;
}
const DRAFT: World = { give: (given) => given, again: (part) => part };
const PLAIN: World = { give: json, again: (part) => json(part) };

const isContainer = (part: unknown): part is Container => typeof part === 'object' && part !== null;

/** Sorted: JSON knows no order of keys, and a recipe that is undone may change it. */
function names(at: Container): string[] {
  return Array.isArray(at) ? Object.keys(at) : Object.keys(at).sort();
}

function walk(root: unknown, steps: readonly number[]): Container | undefined {
  let at = root;
  for (const step of steps) {
    const inner: unknown[] = isContainer(at) ? names(at).map((name) => (at as never)[name]) : [];
    const containers = inner.filter(isContainer);
    if (containers.length === 0) break;
    at = containers[step % containers.length];
  }
  return isContainer(at) ? at : undefined;
}

function pick(at: Container, index: number): string | undefined {
  const all = names(at);
  return all[Math.abs(index) % all.length];
}

function put(world: World, at: Container, name: string, given: unknown): void {
  if (world === DRAFT) {
    (at as Record<string, unknown>)[name] = given;
    return;
  }
  if (Array.isArray(at)) {
    const index = Number(name);
    if (String(index) !== name || index < 0) return;
    while (at.length < index) at.push(null);
    at[index] = given ?? null;
  } else if (name.startsWith('$')) return;
  else if (given === undefined) delete at[name];
  else own(at, name, given);
}

function act(
  world: World,
  root: unknown,
  { kind, where, there, a, b, key: name, value: given }: Action,
): void {
  const at = walk(root, where);
  if (!at) return;
  const to = (): Container => walk(root, there) ?? at;
  const child = pick(at, b);
  const inner = child === undefined ? undefined : (at as Record<string, unknown>)[child];
  const list = Array.isArray(at) ? at : undefined;
  const item = (): unknown => world.give(given) ?? null;
  const into = (target: Container, moved: unknown): void => {
    if (Array.isArray(target)) target.splice(b, 0, moved);
    else put(world, target, name, moved);
  };
  switch (kind) {
    case 'set':
      return put(world, at, list ? String(b) : (b % 2 && child) || name, world.give(given));
    case 'delete':
      if (child === undefined) return;
      if (list && world === PLAIN) list[Number(child)] = null;
      else delete (at as Record<string, unknown>)[child];
      return;
    case 'push':
      return void list?.push(item(), item());
    case 'unshift':
      return void list?.unshift(item());
    case 'pop':
      return void list?.pop();
    case 'shift':
      return void list?.shift();
    case 'splice':
      if (b === 7) return void list?.splice(a);
      return void list?.splice(a, b % 3, item(), item());
    case 'sort':
      return void (list?.some(isContainer) ? 0 : list?.sort());
    case 'compare':
      return void list?.sort((x, y) => (canonical(x) < canonical(y) ? 1 : -1));
    case 'reverse':
      return void list?.reverse();
    case 'fill':
      if (world === DRAFT) return void list?.fill(given, a, b);
      return void list?.splice(
        0,
        list.length,
        ...(json(list.map(() => 0).fill(1, a, b)) as number[]).map((one, index) =>
          one ? (json(given) ?? null) : list[index],
        ),
      );
    case 'copyWithin':
      list?.copyWithin(a, b % 4, 3 + b);
      if (list && world === PLAIN) list.splice(0, list.length, ...(json(list) as unknown[]));
      return;
    case 'length':
      if (!list) return;
      if (world === DRAFT || b < list.length) list.length = b;
      else while (list.length < b) list.push(null);
      return;
    case 'move':
      if (!isContainer(inner)) return;
      if (list) list.splice(Number(child), 1);
      else delete (at as Record<string, unknown>)[child!];
      return into(to(), inner);
    case 'copy':
      return into(to(), world.again(inner) ?? null);
    case 'filter':
      if (!Array.isArray(inner)) return;
      return put(world, at, child!, [...inner.filter((_, index) => index !== a), item()]);
    case 'spread':
      if (!isContainer(inner) || Array.isArray(inner)) return;
      return put(world, at, child!, { ...inner, c: item(), box: [inner.a ?? null].map(world.again) });
    case 'swap':
      if (list && a >= 0 && a < list.length && b < list.length) [list[a], list[b]] = [list[b], list[a]];
      return;
    case 'edit': {
      const taken: unknown = list?.pop();
      if (!list || !isContainer(taken)) return;
      into(taken, item());
      return void list.unshift(taken);
    }
    case 'hold':
      if (!list || !isContainer(inner)) return;
      list.unshift(item());
      into(inner, item());
      list.sort((x, y) => (canonical(x) < canonical(y) ? -1 : 1));
      return into(inner, item());
    case 'rob': {
      if (!isContainer(inner)) return;
      put(world, at, child!, Array.isArray(inner) ? inner.slice(0, 2) : { ...inner });
      const target = to();
      into(target, world.again(inner));
      return into(walk(target, where)!, item());
    }
    case 'assign':
      if (!list) Object.assign(at, world === DRAFT ? { b: given, c: 5 } : { c: 5 });
      if (!list && world === PLAIN) put(world, at, 'b', json(given));
      return;
  }
}

const recipe = fc.record({
  kind: fc.constantFrom('changes', 'changes', 'changes', 'throws', 'returns', 'nests', 'set', 'push'),
  actions: fc.array(action, { minLength: 1, maxLength: 5 }),
  value,
});
type Step = typeof recipe extends fc.Arbitrary<infer S> ? S : never;

/** One change of the recorder and of the plain value, which is returned. */
function step(recorder: Recorder<unknown>, plain: unknown, { kind, actions, value: given }: Step): unknown {
  const all = (world: World, root: unknown): void => actions.forEach((one) => act(world, root, one));
  const clone = json(plain);
  switch (kind) {
    case 'changes':
      all(PLAIN, clone);
      recorder.update((draft) => all(DRAFT, draft));
      return clone;
    case 'throws': {
      all(PLAIN, clone); // throws if the actions do, which would be a fault of theirs
      const failing = (): void =>
        recorder.update((draft) => {
          all(DRAFT, draft);
          throw new RangeError('no');
        });
      expect(failing).toThrow(RangeError);
      return plain;
    }
    case 'nests':
      all(PLAIN, clone);
      recorder.update((draft) => {
        all(DRAFT, draft);
        const inner = (): void =>
          recorder.update((again) => {
            all(DRAFT, again);
            throw new RangeError('no');
          });
        expect(inner).toThrow(RangeError);
      });
      return clone;
    case 'returns': {
      const next = (root: unknown, item: unknown): unknown =>
        Array.isArray(root) ? [item, ...root.toReversed()] : isContainer(root) ? { ...root, id: item } : item;
      recorder.update((draft) => next(draft, given ?? null));
      return next(clone, json(given) ?? null);
    }
    case 'set':
      recorder.reconcile(given);
      return json(given) ?? null;
    case 'push':
      all(PLAIN, clone);
      recorder.reconcile(clone);
      return clone;
  }
}

/** Checks one window, and returns what a client holds after it. */
function flush(recorder: Recorder<unknown>, client: unknown): unknown {
  const text = JSON.stringify(recorder.value);
  const patch = recorder.take();
  expect(recorder.dirty).toBe(false);
  expect(JSON.stringify(recorder.value)).toBe(text);
  expect(recorder.size).toBe(text.length);
  if (patch === undefined) {
    expect(canonical(client)).toBe(canonical(recorder.value));
    return client;
  }
  const operations = JSON.parse(patch) as fjp.Operation[];
  const whole = JSON.stringify([{ op: 'replace', path: '', value: recorder.value }]);
  if (operations.length > 1) expect(patch.length).toBeLessThanOrEqual(whole.length);
  expect(canonical(fjp.applyPatch(json(client), operations, true).newDocument)).toBe(
    canonical(recorder.value),
  );
  const now = patched(client, patch);
  expect(canonical(now)).toBe(canonical(recorder.value));
  return now;
}

describe('recorder, against a plain clone', () => {
  it('records any change', { timeout: 10_000 + numRuns * 10 }, () => {
    const windows = fc.array(fc.array(recipe, { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(value, windows, (initial, steps) => {
        const recorder = createRecorder<unknown>(initial);
        let plain = json(initial) ?? null;
        let client = json(plain);
        void recorder.size;
        for (const window of steps) {
          for (const one of window) {
            plain = step(recorder, plain, one);
            expect(canonical(recorder.value)).toBe(canonical(plain));
          }
          client = flush(recorder, client);
        }
      }),
      { numRuns },
    );
  });
});
