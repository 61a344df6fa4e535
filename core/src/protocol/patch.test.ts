import * as fc from 'fast-check';
import fjp, { type Operation as FjpOperation } from 'fast-json-patch';
import { applyPatches, enablePatches } from 'immer';
import { describe, expect, it, vi } from 'vitest';
import { isVeloxError } from './error.js';
import { apply, type Owned, type Patch } from './patch.js';
import type { Operation } from './frames.js';
import specTests from '../../test/rfc6902/spec_tests.json' with { type: 'json' };
import tests from '../../test/rfc6902/tests.json' with { type: 'json' };

enablePatches();
const numRuns = Number(process.env.VELOX_RUNS ?? 500);
vi.setConfig({ testTimeout: 5_000 + 10 * numRuns });

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface SuiteCase {
  doc: unknown;
  patch: unknown;
  comment?: string;
  expected?: unknown;
  error?: string;
  disabled?: boolean;
}

describe('the RFC 6902 suite', () => {
  const suite = ([...specTests, ...tests] as SuiteCase[]).filter((test) => !test.disabled);
  it.each(suite.map((test) => [test.comment ?? test.error ?? JSON.stringify(test.patch), test] as const))(
    '%s',
    (_name, { doc, patch, expected, error }) => {
      const run = (): unknown => apply(deepFreeze(doc), deepFreeze(patch) as Operation[]);
      if (error !== undefined) expect(codeOf(run)).toBe('bad-patch');
      else expect(run()).toStrictEqual(expected);
    },
  );
});

describe('apply agrees with fast-json-patch', () => {
  it('on random edits of random documents, one at a time', () => {
    fc.assert(
      fc.property(document, edits, (before, choices) => {
        const { operations, after } = perform(before, choices);
        let value: unknown = deepFreeze(before);
        for (const operation of deepFreeze(operations)) value = deepFreeze(apply(value, [operation]));
        expect(value).toStrictEqual(after);
      }),
      { numRuns },
    );
  });

  it('with one set of owned containers for the whole batch, and touches nothing that is not in it', () => {
    fc.assert(
      fc.property(document, edits, fc.nat(), (before, choices, at) => {
        const { operations, after } = perform(before, choices);
        deepFreeze(before);
        deepFreeze(operations);
        const owned: Owned = new Set();
        const cut = at % (operations.length + 1);
        const halfway = apply(before, operations.slice(0, cut), owned);
        expect(apply(halfway, operations.slice(cut), owned)).toStrictEqual(after);
      }),
      { numRuns },
    );
  });
});

describe('structural sharing', () => {
  it('copies the containers on the path, and no others', () => {
    fc.assert(
      fc.property(document, edit, (before, choice) => {
        const operation = perform(before, [choice]).operations[0] as Operation;
        const known = new Set([
          ...containers(before),
          ...containers('value' in operation && operation.value),
        ]);
        const fresh = containers(apply(before, [operation])).filter((container) => !known.has(container));
        const depth = operation.path.split('/').length - 1;
        if (operation.op === 'test') expect(fresh).toHaveLength(0);
        else if (operation.op !== 'move') expect(fresh).toHaveLength(depth);
        else expect(fresh.length).toBeLessThan(depth + operation.from.split('/').length);
      }),
      { numRuns },
    );
  });

  it('copies a container once per set', () => {
    const owned: Owned = new Set();
    const before = deepFreeze({ rows: [{ n: 1 }, { n: 2 }] });
    const first = apply(before, [{ op: 'replace', path: '/rows/0/n', value: 5 }], owned) as typeof before;
    const { rows } = first;
    const second = apply(first, [{ op: 'replace', path: '/rows/0/n', value: 6 }], owned) as typeof before;
    expect(second).toBe(first);
    expect(second.rows).toBe(rows);
    expect(second.rows[1]).toBe(before.rows[1]);
    expect(second.rows[0]).toEqual({ n: 6 });
  });

  it.each([2, 127, 128, 1000])('copies an object of %i keys faithfully', (width) => {
    const before = deepFreeze(Object.fromEntries(Array.from({ length: width }, (_, i) => [`k${i}`, { i }])));
    const after = apply(before, [{ op: 'add', path: '/new', value: 1 }]) as typeof before;
    expect(after).toStrictEqual({ ...before, new: 1 });
    expect(Object.keys(after)).toEqual([...Object.keys(before), 'new']);
    expect(after.k1).toBe(before.k1);
  });
});

describe('a test operation', () => {
  const row = { a: { b: [1, { c: null }] } };

  it.each<[string, unknown]>([
    ['another value deep inside', { a: { b: [1, { c: 0 }] } }],
    ['a member more', { a: { b: [1, { c: null, d: 1 }] } }],
    ['a member less', { a: { b: [1, {}] } }],
    ['a member of another name', { a: { b: [1, { d: null }] } }],
    ['an inherited member in place of an own one', { a: { b: [1, { toString: null }] } }],
    ['an element less', { a: { b: [1] } }],
    ['an object in place of a list', { a: { b: { 0: 1, 1: { c: null } } } }],
  ])('refuses a value with %s', (_, value) => {
    const operations = [{ op: 'test', path: '/row', value }] as Operation[];
    expect(() => apply({ row }, operations)).toThrow(/"path":"\/row"/);
    expect(() => apply({ row: value }, [{ op: 'test', path: '/row', value: row }] as Operation[])).toThrow();
  });

  it('accepts an equal value that is another object', () => {
    const operations: Operation[] = [{ op: 'test', path: '/row', value: structuredClone(row) }];
    expect(apply({ row }, operations)).toEqual({ row });
  });
});

describe('an odd operation', () => {
  it.each([7, null, {}, ['/a'], { toString: () => '/a' }])('with the path %j is refused', (path) => {
    const operations = [{ op: 'remove', path }] as unknown as Operation[];
    expect(() => apply({ a: 1 }, operations)).toThrow(expect.objectContaining({ code: 'bad-patch' }));
  });

  it('is refused if it moves a container into itself, and the message names both places', () => {
    const operations: Operation[] = [{ op: 'move', from: '/a', path: '/a/b/c' }];
    expect(() => apply({ a: { b: {} } }, operations)).toThrow('"op":"move","from":"/a","path":"/a/b/c"');
  });

  it('is refused if it moves an element into itself, though another element takes its place', () => {
    const operations: Operation[] = [{ op: 'move', from: '/0', path: '/0/x' }];
    expect(() => apply([{}, {}], operations)).toThrow(expect.objectContaining({ code: 'bad-patch' }));
  });

  it('is applied if it moves a container to a name that begins with its own', () => {
    expect(apply({ a: { b: 1 } }, [{ op: 'move', from: '/a', path: '/ab' }])).toEqual({ ab: { b: 1 } });
  });
});

describe('aliases', () => {
  it('adds one value in two places as two', () => {
    const value = deepFreeze({ n: 1 });
    const operations: Operation[] = [
      { op: 'add', path: '/a', value },
      { op: 'add', path: '/b', value },
      { op: 'replace', path: '/a/n', value: 2 },
    ];
    expect(apply({}, operations, new Set())).toEqual({ a: { n: 2 }, b: { n: 1 } });
  });

  it('copies owned containers instead of sharing them', () => {
    const operations: Operation[] = [
      { op: 'replace', path: '/a/x/n', value: 2 }, // owns /a and /a/x
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'replace', path: '/a/x/n', value: 3 },
      { op: 'replace', path: '/b/x/n', value: 4 },
    ];
    expect(apply({ a: { x: { n: 1 } } }, operations)).toEqual({ a: { x: { n: 3 } }, b: { x: { n: 4 } } });
  });
});

describe('rejected patches', () => {
  const unsafe = ['__proto__', 'constructor', 'prototype'].flatMap((key) => [
    `/${key}`,
    `/${key}/a`,
    `/a/${key}`,
    `/a/${key}/b`,
    `/list/${key}`,
  ]);
  it.each(unsafe)('%s, as path and as from', (pointer) => {
    const value = deepFreeze({ a: {}, list: [], b: 1 });
    const operations: Operation[] = [
      { op: 'add', path: pointer, value: 1 },
      { op: 'replace', path: pointer, value: 1 },
      { op: 'test', path: pointer, value: 1 },
      { op: 'remove', path: pointer },
      { op: 'move', from: pointer, path: '/c' },
      { op: 'move', from: '/b', path: pointer },
      { op: 'copy', from: pointer, path: '/c' },
      { op: 'copy', from: '/b', path: pointer },
    ];
    for (const operation of operations) expect(codeOf(() => apply(value, [operation]))).toBe('unsafe-key');
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  it.each(['__proto', 'constructors', 'my-prototype', 'proto~1type'])('%s is a key like any other', (key) => {
    expect(apply({}, [{ op: 'add', path: `/${key}`, value: 1 }])).toEqual({ [key.replace('~1', '/')]: 1 });
  });

  it.each([
    ['nothing of the kind', null],
    ['an operation that is none', 'add'],
    ['a removal of the root', { op: 'remove', path: '' }],
    ['a move into itself', { op: 'move', from: '/list/0', path: '/list/0/x' }],
    ['a move of the root', { op: 'move', from: '', path: '/x' }],
    ['a half escape', { op: 'add', path: '/a~', value: 1 }],
    ['an unknown escape', { op: 'add', path: '/a~2', value: 1 }],
    ['an inherited member', { op: 'replace', path: '/toString', value: 1 }],
    ['a way through an inherited member', { op: 'add', path: '/toString/x', value: 1 }],
    ['a way through a string', { op: 'replace', path: '/text/0', value: 'x' }],
    ['the place behind the last one, for other than add', { op: 'replace', path: '/list/-', value: 1 }],
    ['a hole', { op: 'add', path: '/list/3', value: 1 }],
    ['the length of an array', { op: 'replace', path: '/list/length', value: 0 }],
    ['an index beyond 32 bits', { op: 'replace', path: '/list/4294967296', value: 1 }],
  ])('%s', (_name, operation) => {
    const value = deepFreeze({ list: [{}, 1], text: 'abc' });
    expect(codeOf(() => apply(value, [operation as Operation]))).toBe('bad-patch');
  });

  it('is named, without its value', () => {
    const operation: Operation = { op: 'add', path: '/a/b', value: 'secret' };
    expect(() => apply({}, [operation])).toThrow(
      'velox: cannot apply {"op":"add","path":"/a/b"}. Ask for a snapshot.',
    );
  });

  it('hides the operations before it', () => {
    const value = deepFreeze({ a: { n: 1 } });
    const operations: Operation[] = [
      { op: 'replace', path: '/a/n', value: 2 },
      { op: 'remove', path: '/b' },
    ];
    expect(codeOf(() => apply(value, operations))).toBe('bad-patch');
    expect(value).toEqual({ a: { n: 1 } });
  });
});

it.each([0, 200])('an own __proto__ inside a value (and %i other keys) stays a key', (others) => {
  const row: unknown = JSON.parse(
    `{"__proto__":{"admin":true}${Array.from({ length: others }, (_, i) => `,"k${i}":${i}`).join('')}}`,
  );
  const after = apply({}, [
    { op: 'add', path: '/row', value: row },
    { op: 'add', path: '/row/n', value: 1 },
    { op: 'test', path: '/row', value: { ...(row as object), n: 1 } },
  ]) as { row: Record<string, unknown> };
  expect(Object.keys(after.row).sort()).toEqual([...Object.keys(row as object), 'n'].sort());
  expect(Object.getPrototypeOf(after.row)).toBe(Object.prototype);
  expect(after.row.admin).toBeUndefined();
});

describe('the patches of a step', () => {
  const patchesOf = (operations: readonly Operation[], before: unknown): Patch[] => {
    const patches: Patch[] = [];
    apply(before, operations, undefined, patches);
    return patches;
  };

  it("make the same change by immer's applyPatches", () => {
    fc.assert(
      fc.property(document, edits, (before, choices) => {
        const { operations, after } = perform(before, choices);
        const patches = deepFreeze(patchesOf(operations, deepFreeze(before)));
        expect(applyPatches(before as object, patches)).toStrictEqual(after);
      }),
      { numRuns },
    );
  });

  it('expand moves and copies, and resolve the end of a list', () => {
    const operations: Operation[] = [
      { op: 'add', path: '/list/-', value: 3 },
      { op: 'add', path: '/a~1b', value: 2 },
      { op: 'move', from: '/list/0', path: '/first' },
      { op: 'test', path: '/first', value: 1 },
      { op: 'copy', from: '/first', path: '/0' },
      { op: 'add', path: '', value: null },
    ];
    expect(patchesOf(operations, { list: [1, 2], 'a/b': 1 })).toStrictEqual([
      { op: 'add', path: ['list', 2], value: 3 },
      { op: 'replace', path: ['a/b'], value: 2 },
      { op: 'remove', path: ['list', 0] },
      { op: 'add', path: ['first'], value: 1 },
      { op: 'add', path: ['0'], value: 1 },
      { op: 'replace', path: [], value: null },
    ]);
  });

  it('are left alone by later steps of the batch', () => {
    fc.assert(
      fc.property(document, edits, (before, choices) => {
        const { operations } = perform(before, choices);
        const owned: Owned = new Set();
        const patches: Patch[] = [];
        const seen: string[] = [];
        let value: unknown = before;
        for (const operation of operations) {
          const from = patches.length;
          value = apply(value, [operation], owned, patches);
          seen.push(...patches.slice(from).map((patch) => JSON.stringify(patch)));
        }
        expect(patches.map((patch) => JSON.stringify(patch))).toEqual(seen);
      }),
      { numRuns },
    );
  });
});

// Random documents, and edits that are valid for them: numbers that choose an operation and places in the document.

const keys = ['a', 'b', 'c', '', '~', '/', '~1', '0', '-', 'x y'];
const { document } = fc.letrec<{ document: Json; leaf: Json }>((tie) => ({
  leaf: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom<Json>(null, true, '', 'text')),
  document: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('document'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...keys), tie('document'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const edit = fc.record({
  kind: fc.constantFrom<Operation['op']>('add', 'remove', 'replace', 'move', 'copy', 'test'),
  from: fc.nat(),
  to: fc.nat(),
  key: fc.nat(),
  value: document,
});
const edits = fc.array(edit, { maxLength: 12 });
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function perform(before: Json, choices: Edit[]): { operations: Operation[]; after: Json } {
  let after = structuredClone(before);
  const operations = choices.map((choice) => {
    const operation = structuredClone(operationFor(after, choice));
    for (const step of steps(operation, after)) after = fjp.applyOperation(after, step).newDocument;
    return operation;
  });
  return { operations, after };
}

/** A move as the RFC defines it, as two steps: fast-json-patch looks its target up before the removal. */
function steps(operation: Operation, value: Json): FjpOperation[] {
  if (operation.op !== 'move' || operation.from === operation.path) {
    return [structuredClone(operation) as FjpOperation];
  }
  const { from, path } = operation;
  return [
    { op: 'remove', path: from },
    { op: 'add', path, value: fjp.getValueByPointer(value, from) as Json },
  ];
}

function operationFor(value: Json, { kind, from, to, key, value: operand }: Edit): Operation {
  const places = pointers(value);
  const source = places[from % places.length] as string;
  const replace: Operation = { op: 'replace', path: source, value: operand };
  if (kind === 'replace') return replace;
  if (kind === 'test')
    return { op: 'test', path: source, value: fjp.getValueByPointer(value, source) as Json };
  if (kind === 'remove') return source === '' ? replace : { op: 'remove', path: source };

  // the array after the removal decides the valid targets of a move
  const moved = kind === 'move' && source !== '';
  const rest = structuredClone(value);
  if (moved) fjp.applyOperation(rest, { op: 'remove', path: source });
  const homes = pointers(rest).filter((path) => isContainer(fjp.getValueByPointer(rest, path)));
  const home = homes[to % (homes.length || 1)];
  if (home === undefined) return replace;
  const container = fjp.getValueByPointer(rest, home) as Json[] | Record<string, Json>;
  const names = Array.isArray(container) ? [...Object.keys(container), `${container.length}`, '-'] : keys;
  const path = `${home}/${fjp.escapePathComponent(names[key % names.length] as string)}`;
  if (kind === 'add') return { op: 'add', path, value: operand };
  if (kind === 'copy') return { op: 'copy', from: source, path };
  if (!moved || path.startsWith(`${source}/`)) return replace;
  return { op: 'move', from: source, path };
}

function pointers(value: Json, at = ''): string[] {
  if (!isContainer(value)) return [at];
  const below = Object.entries(value).map(([key, child]) =>
    pointers(child, `${at}/${fjp.escapePathComponent(key)}`),
  );
  return [at, ...below.flat()];
}

function containers(value: unknown): object[] {
  return isContainer(value) ? [value, ...Object.values(value).flatMap(containers)] : [];
}

function deepFreeze<T>(value: T): T {
  for (const container of containers(value)) Object.freeze(container);
  return value;
}

function isContainer<T>(value: T): value is T & object {
  return typeof value === 'object' && value !== null;
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return isVeloxError(error) ? error.code : String(error);
  }
}

it('refuses a patch whose copies double until they fill the memory', () => {
  const bomb: Operation[] = Array.from({ length: 30 }, (_, index) => ({
    op: 'copy',
    from: '',
    path: `/c${index}`,
  }));
  const value = { text: 'x'.repeat(100) };
  expect(() => apply(value, bomb)).toThrow(expect.objectContaining({ code: 'bad-patch' }));
  expect(Object.keys(value)).toEqual(['text']);
  expect(apply(value, bomb.slice(0, 5))).toHaveProperty('c4.c3.c2.c1.c0.text', value.text);
});
