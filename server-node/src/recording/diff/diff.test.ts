import { isVeloxError } from '@velox/core/protocol';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRecorder, type Recorder, type RecorderOptions } from '../recorder.js';
import { json, patched } from '../../../test/rig/documents.js';
import { ObjectBefore } from '../tree/before.js';

const text = '-'.repeat(60);
const unkeyed = (n: number) => ({ n, text, more: { n } });
const keyed = (id: number) => ({ id, ...unkeyed(id) });

/** A value that an application mutates and pushes. */
function watch<T extends object>(value: T, options?: RecorderOptions) {
  const recorder = createRecorder<unknown>(value, options);
  return {
    recorder,
    push: (change: (value: T) => void): unknown[] => {
      change(value);
      return sent(recorder, value);
    },
  };
}

function sent(recorder: Recorder<unknown>, next: unknown, previous?: unknown): unknown[] {
  recorder.reconcile(next, { previous });
  const patch = JSON.parse(recorder.take() ?? '[]') as unknown[];
  expect(recorder.value).toEqual(json(next));
  return patch;
}

/** For a value that shows parts of the recorder's own, which change. */
function sentAsNow(recorder: Recorder<unknown>, next: unknown): unknown[] {
  const client = json(recorder.value);
  const wanted = json(next);
  recorder.reconcile(next);
  const patch = recorder.take() ?? '[]';
  expect(recorder.value).toEqual(wanted);
  expect(patched(client, patch)).toEqual(wanted);
  return JSON.parse(patch) as unknown[];
}

/** Whatever rows are told apart by, these are the changes that must stay small. */
describe.each([
  ['a key', keyed],
  ['identity', unkeyed],
])('rows told apart by %s', (_, row) => {
  const rows = () => [1, 2, 3, 4, 5].map(row);

  it('change in place', () => {
    const { push } = watch({ rows: rows() });
    expect(push((value) => (value.rows[2]!.more.n = 9))).toEqual([
      { op: 'replace', path: '/rows/2/more/n', value: 9 },
    ]);
  });

  it('come and go', () => {
    const { push } = watch({ rows: rows() });
    expect(push(({ rows: list }) => list.splice(2, 0, row(9)))).toEqual([
      { op: 'add', path: '/rows/2', value: row(9) },
    ]);
    expect(push(({ rows: list }) => list.splice(1, 1))).toEqual([{ op: 'remove', path: '/rows/1' }]);
    expect(push(({ rows: list }) => list.push(row(10)))).toEqual([
      { op: 'add', path: '/rows/5', value: row(10) },
    ]);
    const sliding = push(({ rows: list }) => (list.shift(), list.push(row(11))));
    expect(sliding).toEqual([
      { op: 'remove', path: '/rows/0' },
      { op: 'add', path: '/rows/5', value: row(11) },
    ]);
  });

  it('move, and change when they do', () => {
    const { push } = watch({ rows: rows() });
    const last = push(({ rows: list }) => list.unshift(list.pop()!));
    expect(last).toEqual([{ op: 'move', from: '/rows/4', path: '/rows/0' }]);
    const changed = push(({ rows: list }) => {
      list.push(list.shift()!);
      list[4]!.more.n = 50;
      list[1]!.n = 20;
      list.splice(3, 0, row(9));
    });
    expect(changed).toHaveLength(4);
  });
});

describe('rows', () => {
  it('are known by a field or function of the application', () => {
    const row = (no: number) => ({ at: { no }, text });
    const rows = (order: number[]) => ({ rows: order.map(row) });
    const recorder = createRecorder<unknown>(rows([1, 2, 3]), {
      key: (one) => (one as { at: { no: number } }).at.no,
    });
    expect(sent(recorder, rows([3, 1, 2]))).toEqual([{ op: 'move', from: '/rows/2', path: '/rows/0' }]);
    const sku = createRecorder<unknown>(
      [
        { sku: 'a', text },
        { sku: 'b', text },
        { sku: 'c', text },
      ],
      { key: 'sku' },
    );
    const next = [
      { sku: 'c', text },
      { sku: 'a', text: `${text}!` },
      { sku: 'b', text },
    ];
    expect(sent(sku, next)).toEqual([
      { op: 'move', from: '/2', path: '/0' },
      { op: 'replace', path: '/1/text', value: `${text}!` },
    ]);
  });

  it('are known by an _id that becomes a string', () => {
    const row = (hex: string) => ({ _id: { toJSON: () => hex }, text });
    const recorder = createRecorder<unknown>(['a', 'b', 'c'].map(row));
    expect(sent(recorder, ['c', 'a', 'b'].map(row))).toEqual([{ op: 'move', from: '/2', path: '/0' }]);
  });

  it.each<[string, (id: string) => object]>([
    [
      'is a getter of the class',
      (id) =>
        new (class {
          _id = id;
          text = text;
          get id(): string {
            throw new Error(this.text);
          }
        })(),
    ],
    [
      'is not enumerable',
      (id) => Object.defineProperty({ key: `k${id}`, text }, 'id', { get: () => ({}), enumerable: false }),
    ],
    ['is renamed by toJSON', (id) => ({ inner: id, toJSON: () => ({ id, text }) })],
  ])('whose id %s are known by the key that their JSON has', (_, make) => {
    const recorder = createRecorder<unknown>({ rows: ['a', 'b', 'c'].map(make) });
    recorder.reconcile({ rows: ['z', 'a', 'b', 'c'].map(make) });
    const patch = JSON.parse(recorder.take()!) as { op: string; path: string }[];
    expect(patch.map(({ op, path }) => `${op} ${path}`)).toEqual(['add /rows/0']);
  });

  it('without anything are known by their content, from both ends', () => {
    const parse = (order: number[]) => order.map(unkeyed);
    const recorder = createRecorder<unknown>(parse([1, 2, 3, 4]));
    expect(sent(recorder, parse([1, 2, 9, 3, 4]))).toEqual([{ op: 'add', path: '/2', value: unkeyed(9) }]);
    const next = parse([1, 2, 9, 3, 4]);
    next[2]!.more.n = 10;
    expect(sent(recorder, next)).toEqual([{ op: 'replace', path: '/2/more/n', value: 10 }]);
  });

  it('are known by a key that only the application can read', () => {
    class Row {
      readonly text = text;
      readonly #id: number;
      constructor(id: number) {
        this.#id = id;
      }
      getId(): number {
        return this.#id;
      }
    }
    const rows = (...ids: number[]): Row[] => ids.map((id) => new Row(id));
    const recorder = createRecorder<unknown>(rows(1, 2, 3), { key: (row) => (row as Row).getId() });
    expect(sent(recorder, rows(9, 1, 2, 3))).toEqual([{ op: 'add', path: '/0', value: { text } }]);
    expect(sent(recorder, rows(9, 2, 3))).toEqual([{ op: 'remove', path: '/1' }]);
    expect(sent(recorder, rows(3, 9, 2))).toEqual([{ op: 'move', from: '/2', path: '/0' }]);
    expect(sent(recorder, rows(3, 9, 2))).toEqual([]);
  });

  it('may share a key, or have none among others', () => {
    const recorder = createRecorder<unknown>([keyed(1), keyed(1), unkeyed(2)]);
    sent(recorder, [keyed(1), unkeyed(2), keyed(1), keyed(1), keyed(3), null, 'x', [1]]);
    sent(recorder, [[1], keyed(1), 'x', unkeyed(3)]);
    sent(recorder, []);
  });

  it('produces small patches for lists of numbers', () => {
    const numbers = Array.from({ length: 30 }, (_, index) => index * 1000);
    const recorder = createRecorder<unknown>(numbers);
    expect(sent(recorder, [...numbers.slice(1), 7])).toEqual([
      { op: 'remove', path: '/0' },
      { op: 'add', path: '/29', value: 7 },
    ]);
    const dates = (days: number[]) =>
      Array.from({ length: 20 }, (_, day) => new Date(day * 1e9)).concat(days.map((day) => new Date(day)));
    const list = createRecorder<unknown>(dates([]));
    expect(sent(list, dates([0]))).toEqual([{ op: 'add', path: '/20', value: '1970-01-01T00:00:00.000Z' }]);
  });
});

describe('two values given as immutable', () => {
  it('are skipped if they are the same object', () => {
    let looks = 0;
    const side = {
      get a() {
        return ++looks > 0;
      },
    };
    const first = { rows: [1, 2, 3].map(keyed), side };
    const recorder = createRecorder<unknown>(first);
    expect(looks).toBe(1);
    const next = { ...first, rows: [first.rows[2], { ...first.rows[0]!, n: 7 }, first.rows[1]] };
    recorder.reconcile(next, { previous: first });
    expect(looks).toBe(1);
    expect(JSON.parse(recorder.take()!)).toEqual([
      { op: 'move', from: '/rows/2', path: '/rows/0' },
      { op: 'replace', path: '/rows/1/n', value: 7 },
    ]);
    recorder.reconcile({ ...next });
    expect(looks).toBe(2);
  });

  it('turn an undefined item into null, also if no earlier value is known', () => {
    for (const previous of [undefined, [], [undefined, 2], [1, undefined]]) {
      const recorder = createRecorder<unknown>([1, 2]);
      expect(sent(recorder, [undefined, 2], previous)).toEqual([
        expect.objectContaining({ op: 'replace', path: '/0', value: null }),
      ]);
    }
  });

  it('are looked at all the same when something else was written meanwhile', () => {
    const first = { rows: [1, 2, 3].map(keyed), n: 1 };
    const recorder = createRecorder<typeof first>(first);
    recorder.update((d) => void d.rows.pop());
    recorder.take();
    expect(sent(recorder as Recorder<unknown>, { ...first, n: 2 }, first)).toEqual([
      { op: 'replace', path: '/n', value: 2 },
      { op: 'add', path: '/rows/2', value: keyed(3) },
    ]);
    const next = { ...first, n: 3 };
    expect(() => recorder.reconcile({ ...next, bad: 10n }, { previous: first })).toThrow('a BigInt at /bad ');
    expect(sent(recorder as Recorder<unknown>, next, first)).toHaveLength(1);
  });
});

describe('a mutated row is still the same object', () => {
  it('and is compared', () => {
    const rows = [1, 2, 3].map(unkeyed);
    const { push } = watch({ rows });
    expect(push(() => (rows[1]!.n = 5))).toEqual([{ op: 'replace', path: '/rows/1/n', value: 5 }]);
    expect(push(({ rows: list }) => list.push(rows[1]!))).toHaveLength(1);
    expect(push(() => (rows[1]!.n = 6))).toHaveLength(2); // it stands in two places
  });
});

describe('reconcile', () => {
  it('takes a value as JSON does', () => {
    const recorder = createRecorder<unknown>({ a: 1, b: { c: 1 }, list: [1, 2] });
    const asked: unknown[] = [];
    const spy = { toJSON: (key: unknown) => (asked.push(key), { c: 2 }) };
    expect(sent(recorder, { a: undefined, b: spy, list: [undefined, NaN], $x: 1 })).toHaveLength(3);
    expect(asked).toContain('b');
    expect(recorder.value).toEqual({ b: { c: 2 }, list: [null, null] });
    expect(sent(recorder, { b: { c: 2 }, list: [NaN, -Infinity] })).toEqual([]);
    expect(() => sent(recorder, new Map())).toThrow(/a Map at the root of the value/);
    expect(() => sent(recorder, { b: new Set([1]), list: [] })).toThrow(/a Set at \/b .*Convert it by/);
    sent(recorder, Object.assign(Object.create({ inherited: 1 }) as object, { own: 1 }));
    sent(recorder, 5);
    recorder.reconcile(undefined);
    expect(recorder.value).toBeNull();
  });

  it('compares own keys only', () => {
    const recorder = createRecorder<unknown>({});
    const odd = JSON.parse('{"__proto__":{"a":1},"constructor":{"b":1},"toString":"x"}') as object;
    expect(sent(recorder, odd)).toHaveLength(1);
    expect(sent(recorder, odd)).toEqual([]);
    expect(sent(recorder, {})).toHaveLength(1);
    expect(Object.prototype).not.toHaveProperty('a');
  });

  it('takes parts of its own live value', () => {
    const recorder = createRecorder<{ a: { n: number }; b: { n: number } }>({ a: { n: 1 }, b: { n: 2 } });
    const live = recorder.live();
    recorder.reconcile({ a: live.b, b: live.a });
    expect(recorder.value).toEqual({ a: { n: 2 }, b: { n: 1 } });
    recorder.reconcile({ a: { n: 9 }, b: [live.a] });
    expect(recorder.value).toEqual({ a: { n: 9 }, b: [{ n: 2 }] });
  });

  it('takes parts of its own value, which it changes while it reads them', () => {
    const recorder = createRecorder<Record<string, unknown>>({
      left: { n: 1, rows: [keyed(1), keyed(2)] },
      right: { n: 2, rows: [keyed(3), unkeyed(4)] },
    });
    const swapped = (): object => ({ left: recorder.value.right, right: recorder.value.left });
    sentAsNow(recorder, swapped());
    recorder.update((draft) => void (draft.more = 1)); // in one delta with what follows
    sentAsNow(recorder, { ...recorder.value, ...swapped(), more: [swapped(), swapped()] });
    const { left } = recorder.value as { left: { rows: unknown[] } };
    sentAsNow(recorder, { left: left.rows, right: { n: [left.rows[1]], rows: [...left.rows].reverse() } });
    expect(sentAsNow(recorder, { ...recorder.value, n: 1 })).toEqual([{ op: 'add', path: '/n', value: 1 }]);
  });

  it('replaces a container by a part inside it', () => {
    const recorder = createRecorder<unknown>({ n: 1, in: { n: 2, in: { n: 3, in: { n: 4 }, last: 5 } } });
    for (let depth = 0; depth < 3; depth++) sentAsNow(recorder, (recorder.value as { in: unknown }).in);
  });

  it('takes parts of its own value although others are frozen', () => {
    const recorder = createRecorder<Record<string, object>>({ a: { n: 1 }, b: { n: 2 }, c: { n: 3 } });
    const { a, b, c } = recorder.value;
    Object.freeze(c);
    sentAsNow(recorder, { a: b, b: a, c: a });
  });

  it('is all or nothing', () => {
    const recorder = createRecorder<unknown>({ a: 1, rows: [keyed(1), keyed(2)] });
    const before = JSON.stringify(recorder.value);
    const ring: unknown[] = [];
    ring.push(ring);
    for (const bad of [ring, 10n, () => 1, Symbol('s')]) {
      const next = { a: 2, rows: [keyed(2), keyed(3), keyed(1)], z: { bad } };
      const attempt = (): void => recorder.reconcile(next);
      expect(attempt).toThrow(expect.toSatisfy((error) => isVeloxError(error, 'not-json')));
      expect(attempt).toThrow(/at \/z\/bad/);
      expect(JSON.stringify(recorder.value)).toBe(before);
      expect(recorder.dirty).toBe(false);
    }
  });
});

it('moves many rows beside a wide object that changes, without listing it for each row', () => {
  const wide = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, index]));
  const recorder = createRecorder({
    wide: { ...wide, left: Array.from({ length: 100 }, (_, id) => ({ id, text })), right: [] as object[] },
  });
  const client = json(recorder.value);
  const listed = vi.spyOn(ObjectBefore.prototype, 'members');
  onTestFinished(() => listed.mockRestore());
  recorder.update(({ wide }) => {
    wide.right.push(...wide.left.splice(0, 50));
    Object.assign(wide, { added: 1 });
  });
  const patch = recorder.take()!;
  expect(listed.mock.calls.length).toBeLessThan(5);
  expect(patched(client, patch)).toEqual(recorder.value);
});
