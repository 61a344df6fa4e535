import { produce } from 'immer';
import { describe, expect, it, onTestFinished } from 'vitest';
import { patched } from '../../test/rig/documents.js';
import { memory } from '../backplanes/memory/index.js';
import { createHub } from '../create-hub.js';
import { LocalState } from './local-state.js';
import { VMap } from './vmap.js';
import { VSlice } from './vslice.js';

interface Board {
  title: string;
  /** So long that changes are sent as deltas. */
  note: string;
  rows: { id: number; n: number; tags: string[] }[];
  done: { id: number; n: number; tags: string[] }[];
}

const board = (): Board => ({
  title: 'a',
  note: 'x'.repeat(5_000),
  rows: [
    { id: 1, n: 1, tags: ['x'] },
    { id: 2, n: 2, tags: [] },
  ],
  done: [],
});

/** Freezes the parts of a value, as immer does with its input. */
function preview(state: { get(): unknown }): void {
  produce(state.get() as Board, (draft) => void (draft.title = 'preview'));
}

/** A state, and its client after each step. */
function follow(value: Board) {
  const state = new LocalState(value);
  let { body, version } = state.snapshot();
  const sync = (): void => {
    body = patched(body, state.since(version) ?? '[]') as Board;
    ({ version } = state.position());
    expect(body).toEqual(state.get());
  };
  return { state, sync };
}

describe('a value that the application has frozen', () => {
  it.each<[string, (draft: Board) => unknown]>([
    ['a member of the root', (draft) => (draft.title = 'b')],
    ['a new item', (draft) => draft.rows.push({ id: 3, n: 3, tags: [] })],
    ['a member of an item', (draft) => draft.rows[0]!.n++],
    ['a list in an item', (draft) => draft.rows[0]!.tags.push('y')],
    ['a removed item', (draft) => draft.rows.shift()],
    ['a new order', (draft) => draft.rows.reverse()],
    ['a sorted list', (draft) => draft.rows.sort((a, b) => b.n - a.n)],
    ['two swapped items', ({ rows }) => ([rows[0], rows[1]] = [rows[1]!, rows[0]!])],
    [
      'an item that is written between two lists',
      ({ rows, done }) => {
        const [row] = rows.splice(0, 1);
        row!.tags.push(`of ${rows.length}`);
        done.push(row!);
      },
    ],
  ])('takes an update of %s, which is sent as a delta', (_, recipe) => {
    const { state, sync } = follow(board());
    const twin = new LocalState(board());
    for (const each of [state, twin]) each.update((draft) => void recipe(draft));
    sync();
    const { version } = twin.position();
    preview(state);
    for (const each of [state, twin]) each.update((draft) => void recipe(draft));
    sync();
    expect(state.get()).toEqual(twin.get());
    expect(state.since(version)).toBe(twin.since(version));
  });

  it('takes an update in the same tick as the former one', () => {
    const { state, sync } = follow(board());
    state.update((draft) => void draft.rows[0]!.n++);
    preview(state);
    state.update((draft) => void draft.rows.reverse()[1]!.n++);
    sync();
    expect(state.get().rows.map(({ n }) => n)).toEqual([2, 3]);
  });

  it('is as it was after a recipe that throws', () => {
    const { state, sync } = follow(board());
    const fails = (recipe: (draft: Board) => void): void =>
      expect(() => state.update((draft) => (recipe(draft), expect.fail('on purpose')))).toThrow('on purpose');
    preview(state);
    fails((draft) => draft.rows.push(draft.rows.shift()!));
    fails((draft) => {
      draft.rows[0]!.tags.push('y');
      draft.rows.reverse();
      preview(state);
    });
    expect(state.get()).toEqual(board());
    state.update((draft) => void draft.rows[0]!.n++);
    sync();
  });

  it('leaves what the application has frozen as it is', () => {
    const state = new LocalState(board());
    const frozen = produce(state.get() as Board, (draft) => void (draft.title = 'preview'));
    state.update((draft) => void draft.rows[0]!.tags.push('y'));
    expect(frozen).toEqual({ ...board(), title: 'preview' });
    state.set(frozen);
    expect(state.get()).toEqual(frozen);
  });
});

describe('a live value that the application has frozen', () => {
  it('goes on in parts that were not read before', () => {
    const { state, sync } = follow(board());
    const live = state.live();
    state.set(produce(state.get() as Board, (draft) => void (draft.title = 'b')));
    live.rows.push({ id: 3, n: 3, tags: [] });
    live.rows[0]!.tags.push('y');
    sync();
    expect(state.get().rows[0]?.tags).toEqual(['x', 'y']);
  });

  it('goes on in parts that are read again, and refuses drafts that were kept', () => {
    const { state, sync } = follow(board());
    const live = state.live();
    const { rows } = live;
    const [first] = rows;
    preview(state);
    const refused = expect.objectContaining({
      code: 'state-frozen',
      message: expect.stringContaining('"/rows"') as unknown,
    }) as unknown;
    expect(() => (rows[0] = { id: 3, n: 3, tags: [] })).toThrow(refused);
    expect(() => Reflect.deleteProperty(rows, 0)).toThrow(refused);
    live.rows.push({ id: 3, n: 3, tags: [] });
    live.rows[0]!.n++;
    expect(() => rows.length).toThrow(refused);
    expect(() => first!.n).toThrow(expect.objectContaining({ code: 'state-frozen' }));
    live.title = 'c';
    sync();
    expect(state.get()).toMatchObject({ title: 'c', rows: [{ n: 2 }, { n: 2 }, { n: 3 }] });
    preview(state);
    const { rows: former } = live;
    state.set({ ...board(), rows: [{ id: 1, n: 7, tags: [] }] });
    expect(live.rows).toBe(former);
    sync();
    preview(state);
    live.rows = [{ id: 9, n: 9, tags: [] }];
    live.rows[0]!.tags.push('z');
    sync();
    expect(state.get().rows).toEqual([{ id: 9, n: 9, tags: ['z'] }]);
  });

  it('is refused as a whole if its root was frozen', () => {
    const { state, sync } = follow(board());
    const live = state.live();
    Object.freeze(state.get());
    const refused = expect.objectContaining({
      code: 'state-frozen',
      message: expect.stringContaining('the value of a state') as unknown,
    }) as unknown;
    expect(() => (live.title = 'b')).toThrow(refused);
    state.update((draft) => void (draft.title = 'c'));
    sync();
    expect(() => live.title).toThrow(refused);
    state.live().title = 'd';
    sync();
    expect(state.get().title).toBe('d');
  });
});

describe('a VMap and a VSlice in a value that the application has frozen', () => {
  const chat = () => {
    const [users, lines] = [new VMap<{ n: number }>({ ann: { n: 1 } }), new VSlice<string>(['a'])];
    const state = new LocalState({ title: 'a', note: 'x'.repeat(5_000), users, lines });
    return { users, lines, state, live: state.live() };
  };

  it.each<[string, (state: LocalState<{ title: string }>) => void]>([
    ['seen by immer', (state) => void produce(state.get() as Board, (draft) => void (draft.title += 'b'))],
    [
      'set by immer',
      (state) => state.set(produce(state.get() as Board, (draft) => void (draft.title += 'b'))),
    ],
  ])('go on: %s', (_, freeze) => {
    const { users, lines, state, live } = chat();
    for (let round = 0; round < 2; round++) {
      freeze(state);
      users.set('bob', { n: round });
      lines.append('b');
      freeze(state);
      live.users.update('ann', (user) => void user.n++);
      expect(() => state.update((draft) => (draft.users.delete('bob'), expect.fail('on purpose')))).toThrow();
      state.update((draft) => void draft.lines.append('c'));
    }
    expect(state.snapshot().body).toMatchObject({
      users: { ann: { n: 3 }, bob: { n: 1 } },
      lines: ['a', 'b', 'c', 'b', 'c'],
    });
    expect([live.users, live.lines]).toEqual([users, lines]);
    expect(live.users).toBe(users);
  });
});

describe('a shared value that the application has frozen', () => {
  async function pair() {
    const backplane = memory();
    const hubs = [createHub({ backplane }), createHub({ backplane })] as const;
    const [east, west] = [hubs[0].shared('board', board()), hubs[1].shared('board', board())];
    await Promise.all([east.snapshot(), west.snapshot()]);
    onTestFinished(() => Promise.all(hubs.map((hub) => hub.close())).then(() => undefined));
    return { east, west };
  }

  it('takes set() of values that immer derives from get()', async () => {
    const { east, west } = await pair();
    const set = (recipe: (draft: Board) => void) => east.set(produce(east.get() as Board, recipe));
    await set((draft) => void (draft.title = 'b'));
    await east.update((draft) => void draft.rows[0]!.tags.push('y'));
    await set((draft) => void draft.rows.shift());
    const last = await east.update((draft) => void draft.rows[0]!.n++);
    await west.reached(last);
    expect(east.get()).toEqual({ ...board(), title: 'b', rows: [{ id: 2, n: 3, tags: [] }] });
    expect(west.get()).toEqual(east.get());
  });

  it('follows the updates of other servers after a preview', async () => {
    const { east, west } = await pair();
    preview(east);
    const last = await west.update((draft) => {
      draft.rows[0]!.n = 9;
      draft.done.push(...draft.rows.splice(1, 1));
    });
    await east.reached(last);
    expect(east.get()).toEqual(west.get());
    expect(east.get().done).toHaveLength(1);
  });

  it('takes a recipe that freezes the value, and rejects one that goes on with a former draft', async () => {
    const { east } = await pair();
    const row = (id: number) => ({ id, n: id, tags: [] });
    await east.update((draft) => {
      draft.rows.push(row(3));
      preview(east);
      draft.rows.push(row(4));
    });
    const update = east.update(({ rows }) => {
      rows.reverse();
      preview(east);
      rows[0] = row(5);
    });
    await expect(update).rejects.toMatchObject({ code: 'state-frozen' });
    expect(east.get().rows.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    await east.update((draft) => void draft.rows.pop());
    expect(east.get().rows).toHaveLength(3);
  });
});
