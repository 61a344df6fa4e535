import { once } from 'node:events';
import { produce } from 'immer';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isVeloxError } from '@velox/core/protocol';
import { LocalState } from './local-state.js';
import { VMap } from './vmap.js';

const code = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return isVeloxError(error) ? error.code : `${error as Error}`;
  }
  return undefined;
};
const tick = (): Promise<void> => Promise.resolve();

/** The version at each delivery, as listeners saw it. */
function deliveries(state: LocalState<unknown>): number[] {
  const versions: number[] = [];
  state.listen({ onRevision: () => versions.push(state.position().version) });
  return versions;
}

describe('a state', () => {
  it('starts at version 1 with a copy, and an id of its own', () => {
    const value = { a: { b: 1 } };
    const state = new LocalState(value);
    expect(state.snapshot()).toEqual({ id: state.id, version: 1, body: { a: { b: 1 } } });
    expect(state.get().a).not.toBe(value.a);
    expect(new LocalState(value).id).not.toBe(state.id);
  });

  it('folds the changes of one tick into one revision and one delivery', async () => {
    const state = new LocalState({ n: 0, pad: 'x'.repeat(100) });
    const seen = deliveries(state);
    for (let n = 1; n <= 100; n++) state.update((draft) => void (draft.n = n));
    await tick();
    expect(seen).toEqual([2]);
    expect(state.since(1)).toBe('[{"op":"replace","path":"/n","value":100}]');
  });

  it('makes no revision if the final value is unchanged', async () => {
    const state = new LocalState({ n: 0 });
    const seen = deliveries(state);
    state.update((draft) => void (draft.n = 1));
    state.update((draft) => void (draft.n = 0));
    await tick();
    expect(seen).toEqual([]);
    expect(state.position().version).toBe(1);
  });

  it('notifies each listener once, also if one fails, or leaves and returns', async () => {
    const state = new LocalState({ n: 0 });
    const warned = once(process, 'warning');
    state.listen({
      onRevision() {
        throw new Error('of the application');
      },
    });
    let told = 0;
    const returning = {
      onRevision() {
        state.unlisten(returning);
        if (++told < 10) state.listen(returning);
      },
    };
    state.listen(returning);
    const seen = deliveries(state);
    state.update((draft) => void draft.n++);
    await tick();
    expect([told, seen]).toEqual([1, [2]]);
    const detail = expect.stringContaining('of the application') as unknown;
    expect(await warned).toMatchObject([{ name: 'VeloxWarning', detail }]);
  });

  it('rule 1: a revision keeps no reference into the value', async () => {
    const state = new LocalState<{ list?: number[]; pad: string }>({ pad: 'x'.repeat(100) });
    const list = [1];
    state.update((draft) => void (draft.list = list));
    await tick();
    list.push(2);
    state.update((draft) => void draft.list?.push(3));
    await tick();
    expect(JSON.parse(state.since(1) as string)).toEqual([
      { op: 'add', path: '/list', value: [1] },
      { op: 'add', path: '/list/1', value: 3 },
    ]);
  });

  it('rule 2: a recipe that throws leaves value and version as they were', async () => {
    const state = new LocalState<{ list: number[]; deep: Record<string, number> }>({
      list: [1, 2, 3],
      deep: { a: 1 },
    });
    const seen = deliveries(state);
    const failure = new Error('of the application');
    expect(() =>
      state.update((draft) => {
        draft.list.reverse();
        delete draft.deep.a;
        draft.deep.b = 2;
        throw failure;
      }),
    ).toThrow(failure);
    await tick();
    expect(state.get()).toEqual({ list: [1, 2, 3], deep: { a: 1 } });
    expect(state.position().version).toBe(1);
    expect(seen).toEqual([]);
  });

  it('rule 2: drafts after their recipe and async recipes are coded errors', () => {
    const state = new LocalState({ row: { price: 1 } });
    let leaked: { price: number } | undefined;
    state.update((draft) => void (leaked = draft.row));
    expect(code(() => (leaked as { price: number }).price++)).toBe('draft-revoked');
    expect(code(() => state.update((async () => {}) as unknown as () => void))).toBe('async-recipe');
    const watched = new LocalState({ a: 1 });
    watched.push();
    expect(code(() => watched.update((async () => {}) as unknown as () => void))).toBe('async-recipe');
  });

  it('rule 3: a position or snapshot includes all changes until now', () => {
    const state = new LocalState({ n: 0 });
    state.update((draft) => void (draft.n = 1));
    expect(state.snapshot()).toMatchObject({ version: 2, body: { n: 1 } });
    state.update((draft) => void (draft.n = 2));
    expect(state.position().version).toBe(3);
    state.update((draft) => void (draft.n = 3));
    expect(state.text()).toBe('{"n":3}');
  });

  it('rule 7: a snapshot is a copy', () => {
    const state = new LocalState({ row: { price: 1 } });
    const { body } = state.snapshot();
    body.row.price = 99;
    expect(state.get().row.price).toBe(1);
  });

  it('rule 7: get returns a live value, read-only by type', () => {
    const state = new LocalState({ row: { price: 1 } });
    const value = state.get();
    state.update((draft) => void draft.row.price++);
    expect(value.row.price).toBe(2);
    // @ts-expect-error it is to be changed by update
    const write = (): unknown => (state.get().row.price = 3);
    expect(write).toBeTypeOf('function');
  });

  it('rule 7: nothing that it was given frozen is in it', () => {
    const freeze = (price: number) =>
      Object.freeze({ rows: Object.freeze([Object.freeze({ id: 1, price })]) });
    const state = new LocalState<{ rows: readonly { id: number; price: number }[] }>(freeze(1));
    state.set(freeze(2));
    state.update((draft) => void (draft.rows = freeze(3).rows));
    state.update((draft) => void Object.assign(draft.rows[0]!, { price: 4 }));
    expect(state.get().rows).toEqual([{ id: 1, price: 4 }]);
  });
});

describe('a value that immer derives from get() and freezes', () => {
  interface Rows {
    list: { id?: number; v: { x: number } }[];
    other: { a: { b: number } };
  }
  const rows = (...ids: (number | undefined)[]): Rows => ({
    list: ids.map((id) => ({ ...(id === undefined ? {} : { id }), v: { x: 1 } })),
    other: { a: { b: 1 } },
  });

  it.each([
    ['rows with keys', rows(1, 2, 3)],
    ['rows without', rows(undefined, undefined, undefined)],
  ])('can be set, and the state goes on: %s', (_, value) => {
    const state = new LocalState(value);
    state.set(produce(state.get() as Rows, (draft) => void draft.list[1]!.v.x++));
    state.set(produce(state.get() as Rows, (draft) => void draft.other.a.b++));
    state.update((draft) => void (draft.list[2]!.v.x += draft.other.a.b));
    state.set(produce(state.get() as Rows, (draft) => void draft.list.shift()));
    state.set(produce(state.get() as Rows, () => {}));
    state.update((draft) => void draft.list.push({ v: { x: 9 } }));
    expect(state.get().list.map(({ v }) => v.x)).toEqual([2, 3, 9]);
    expect(state.get().other).toEqual({ a: { b: 2 } });
  });

  it('is sent as a delta of its changes', () => {
    const state = new LocalState(rows(1, 2, 3));
    const { version } = state.position();
    state.set(produce(state.get() as Rows, (draft) => void draft.list[1]!.v.x++));
    expect(state.position().version).toBe(version + 1);
    expect(JSON.parse(state.since(version)!)).toEqual([{ op: 'replace', path: '/list/1/v/x', value: 2 }]);
  });
});

describe('rule 4: a state is changed in one way', () => {
  it('owned by its first update: the object is not looked at again, and push is an error', () => {
    const value = { n: 1 };
    const state = new LocalState(value);
    state.update((draft) => void (draft.n = 2));
    value.n = 99;
    expect(state.snapshot().body).toEqual({ n: 2 });
    expect(code(() => state.push())).toBe('state-owned');
  });

  it('owned by its first set', () => {
    const state = new LocalState({ n: 1 });
    state.set({ n: 2 });
    expect(state.snapshot()).toMatchObject({ version: 2, body: { n: 2 } });
    expect(code(() => state.push())).toBe('state-owned');
  });

  it('watched by its first push: update runs on the object and pushes it, and set is an error', () => {
    const value = { n: 1 };
    const state = new LocalState(value);
    value.n = 2;
    expect(state.get()).toEqual({ n: 1 });
    state.push();
    expect(state.snapshot()).toMatchObject({ version: 2, body: { n: 2 } });
    state.update((draft) => void (draft.n = 3));
    expect(value.n).toBe(3);
    expect(state.snapshot()).toMatchObject({ version: 3, body: { n: 3 } });
    expect(code(() => state.set({ n: 4 }))).toBe('state-watched');
    expect(code(() => state.live())).toBe('state-watched');
  });

  it('owned by its live value', () => {
    const value = { n: 1 };
    const state = new LocalState(value);
    state.live().n = 2;
    expect([value.n, state.get().n]).toEqual([1, 2]);
    expect(code(() => state.push())).toBe('state-owned');
  });
});

describe('update of a watched state', () => {
  interface Room {
    n: number;
    rows: { id: number }[];
    $own?: number;
    users?: VMap<number>;
    extra?: unknown;
  }
  const watch = (value: Room): LocalState<Room> => new LocalState(value, { ownership: 'watched' });
  const room = (): Room => ({ n: 1, rows: [{ id: 1 }, { id: 2 }], $own: 1 });

  it.each([
    [
      'throws',
      'of the application',
      () => {
        throw new RangeError('of the application');
      },
    ],
    ['is asynchronous', 'asynchronous', async () => {}],
    ['writes a BigInt', 'a BigInt at /extra', (draft: Room) => void (draft.extra = 1n)],
  ])('undoes the whole recipe if it %s', (_, message, ending) => {
    const value: Room = { ...room(), users: new VMap({ ann: 1 }) };
    const [first, second] = value.rows;
    const state = watch(value);
    value.n = 5; // not pushed yet
    const recipe = (draft: Room): void => {
      draft.n = 9;
      draft.$own = 9;
      draft.rows.reverse().pop();
      draft.rows[0]!.id = 9;
      draft.users!.set('bob', 2);
      return (ending as (draft: Room) => void)(draft);
    };
    expect(() => state.update(recipe)).toThrow(message);
    expect(JSON.stringify(value)).toBe(
      JSON.stringify({ n: 5, rows: [{ id: 1 }, { id: 2 }], $own: 1, users: { ann: 1 } }),
    );
    expect([value.rows[0] === first, value.rows[1] === second]).toEqual([true, true]);
    expect(state.position().version).toBe(1);
    state.push();
    expect(state.snapshot()).toMatchObject({ version: 2, body: { n: 5, users: { ann: 1 } } });
  });

  it('takes a returned value as the members of the object if the recipe wrote nothing', () => {
    const value = room();
    const state = watch(value);
    state.update(({ rows }) => ({ n: 2, rows: rows.slice(1) }));
    expect(value).toEqual({ n: 2, rows: [{ id: 2 }] });
    expect(state.snapshot()).toMatchObject({ version: 2, body: { n: 2, rows: [{ id: 2 }] } });
  });

  it('ignores a returned primitive, part or value after a write', () => {
    const value = room();
    const state = watch(value);
    state.update((draft) => (draft.n === 5 && draft) as Room);
    expect(state.position().version).toBe(1);
    state.update((draft) => ++draft.n as unknown as Room);
    state.update((draft) => {
      draft.rows[0]!.id = 7;
      return { n: 0, rows: [] };
    });
    expect(value).toEqual({ n: 2, rows: [{ id: 7 }, { id: 2 }], $own: 1 });
  });

  it('refuses an array in place of the object', () => {
    const state = watch(room());
    expect(code(() => state.update((() => [1]) as never))).toBe('state-watched');
    expect(state.position().version).toBe(1);
  });
});

describe('rule 5: identity matches, and prunes only between immutable values', () => {
  it('a mutated row is seen by push although it is ===', () => {
    const row = { id: 1, price: 1 };
    const state = new LocalState({ rows: [row] });
    state.push();
    row.price = 2;
    state.push();
    expect(state.get().rows[0]?.price).toBe(2);
  });

  it.each([
    ['the value', (row: object) => Object.freeze({ row: Object.freeze(row) })],
    ['a member of the value', (row: object) => ({ row: Object.freeze(row) })],
  ])('set skips parts that are === to the former value if %s is frozen', (_, wrap) => {
    const price = { value: 1 };
    const row = { price };
    const state = new LocalState<object>(wrap(row));
    state.set(wrap(row));
    price.value = 99; // against the contract: shows that the frozen row is skipped
    state.set({ ...wrap(row), n: 1 });
    expect(state.get()).toEqual({ row: { price: { value: 1 } }, n: 1 });
  });

  it('set skips frozen items of a list without keys', () => {
    const price = { value: 1 };
    const row = Object.freeze({ price });
    const state = new LocalState<object[]>([]);
    state.set([row, { n: 1 }]);
    price.value = 99; // against the contract: shows that the frozen row is skipped
    state.set([row, { n: 2 }]);
    expect(state.get()).toEqual([{ price: { value: 1 } }, { n: 2 }]);
  });

  it('set sees a change inside an unfrozen part that is === to the former value', () => {
    const same = { price: 1, tags: [{ n: 1 }] };
    const state = new LocalState({ a: same, b: 1 });
    state.set({ a: same, b: 2 });
    same.price = 99;
    same.tags[0]!.n = 2;
    state.set({ a: same, b: 3 });
    expect(state.get()).toEqual({ a: { price: 99, tags: [{ n: 2 }] }, b: 3 });
  });

  it('set sees a change of a part that was frozen only after it was given', () => {
    const a = { n: 1 };
    const state = new LocalState<object>({});
    state.set({ a });
    a.n = 2;
    state.set(produce({ a, b: 0 }, (draft) => void (draft.b = 1)));
    expect(state.get()).toEqual({ a: { n: 2 }, b: 1 });
  });

  it.each([
    ['objects', { left: { n: 1 }, right: { n: 2 } }],
    ['lists', { left: [1, 5], right: [2, 6] }],
  ])('set swaps two %s of get() again and again', (_, value: { left: unknown; right: unknown }) => {
    const state = new LocalState(value);
    for (let round = 0; round < 3; round++) {
      const { left, right } = structuredClone(state.get());
      state.set({ left: state.get().right, right: state.get().left });
      expect(state.get()).toEqual({ left: right, right: left });
    }
    state.set(structuredClone(value));
    expect(state.get()).toEqual(value);
  });

  it('set follows the parts of another state that is changed in place', () => {
    const orders = new LocalState({ rows: [{ id: 1, total: 5 }] });
    const board = new LocalState<object>({});
    const refresh = (time: number): void => board.set({ orders: orders.get().rows, time });
    refresh(1);
    orders.update((draft) => {
      draft.rows[0]!.total = 6;
      draft.rows.push({ id: 2, total: 7 });
    });
    refresh(2);
    const rows = [{ id: 1, total: 6 }, { id: 2, total: 7 }]; // prettier-ignore
    expect(board.get()).toEqual({ orders: rows, time: 2 });
  });

  it('set goes back to a value that was given earlier', () => {
    const [first, second] = [{ a: { price: 1 } }, { a: { price: 2 } }];
    const state = new LocalState(first);
    for (const value of [first, second, first, second]) {
      state.set(value);
      expect(state.get()).toEqual(value);
    }
  });
});

describe('a value that JSON cannot hold', () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  let deep: unknown = 1;
  for (let level = 0; level < 600; level++) deep = [deep];
  it.each([
    ['a BigInt', { a: [{ n: 1n }] }, 'not-json', '/a/0/n'],
    ['a function', { f: () => 1 }, 'not-json', '/f'],
    ['a cycle', { a: cycle }, 'not-json', '/a/self'],
    ['one too deep', { deep }, 'too-deep', ''],
  ])('%s is refused wherever it comes in, and nothing changes', async (_, value, expected, path) => {
    const message = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(code(() => new LocalState(value))).toBe(expected);
    expect(message(() => new LocalState(value))).toContain(path);
    const owned = new LocalState<Record<string, unknown>>({ a: 1 });
    expect(code(() => owned.update((draft) => void Object.assign(draft, { b: 2 }, value)))).toBe(expected);
    expect(code(() => owned.set({ b: 2, ...value }))).toBe(expected);
    const source: Record<string, unknown> = { a: 1 };
    const watched = new LocalState(source);
    Object.assign(source, { b: 2 }, value);
    expect(code(() => watched.push())).toBe(expected);
    await tick();
    for (const state of [owned, watched])
      expect(state.snapshot()).toMatchObject({ version: 1, body: { a: 1 } });
  });
});

describe('throttle', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('delivers the first change at once, the last in time, and those between as one', async () => {
    const state = new LocalState({ n: 0, pad: 'x'.repeat(100) }, { throttle: 100 });
    const seen = deliveries(state);
    state.update((draft) => void draft.n++);
    await tick();
    expect(seen).toEqual([2]);
    for (let ms = 0; ms < 90; ms += 10) {
      state.update((draft) => void draft.n++);
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(seen).toEqual([2]);
    await vi.advanceTimersByTimeAsync(10);
    expect(seen).toEqual([2, 3]);
    expect(state.get().n).toBe(10);
    await vi.advanceTimersByTimeAsync(1000);
    state.update((draft) => void draft.n++);
    await tick();
    expect(seen).toEqual([2, 3, 4]);
  });

  it('lets no second delivery leave early if it is longer than 24 days', async () => {
    const state = new LocalState({ n: 0, pad: 'x'.repeat(100) }, { throttle: 2 ** 40 });
    const seen = deliveries(state);
    for (let n = 1; n <= 2; n++) {
      state.update((draft) => void (draft.n = n));
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(seen).toEqual([2]);
  });

  it('rule 3: a flush forced earlier is seen by its cause alone, others get it with the next delivery', async () => {
    const state = new LocalState({ n: 0, pad: 'x'.repeat(100) }, { throttle: 100 });
    const seen = deliveries(state);
    state.update((draft) => void (draft.n = 1));
    await tick();
    state.update((draft) => void (draft.n = 2));
    await tick();
    expect(state.snapshot()).toMatchObject({ version: 3, body: { n: 2 } });
    expect(seen).toEqual([2]);
    state.update((draft) => void (draft.n = 3));
    await vi.advanceTimersByTimeAsync(100);
    expect(seen).toEqual([2, 4]);
    expect(JSON.parse(state.since(2) as string)).toHaveLength(2);
  });
});

describe('history', () => {
  it('reaches back over its own steps and no further', () => {
    const state = new LocalState({ n: 0, pad: 'x'.repeat(500) }, { history: { revisions: 3 } });
    for (let n = 1; n <= 5; n++) {
      state.update((draft) => void (draft.n = n));
      state.position();
    }
    expect(state.since(2)).toBeUndefined();
    expect(JSON.parse(state.since(3) as string)).toHaveLength(3);
    expect(state.since(6)).toBeUndefined();
  });

  it('is bounded by size as well', () => {
    const state = new LocalState({ n: 0, pad: 'x'.repeat(500) }, { history: { size: 100 } });
    for (let n = 1; n <= 9; n++) {
      state.update((draft) => void (draft.n = n));
      state.position();
    }
    expect(state.since(8)).toBeDefined();
    expect(state.since(7)).toBeUndefined();
  });

  it('ends at a revision that was larger than the value', () => {
    const state = new LocalState<{ n: number; list: number[] }>({ n: 0, list: [] });
    state.update((draft) => void draft.n++);
    state.position();
    expect(state.since(1)).toBeUndefined();
  });
});
