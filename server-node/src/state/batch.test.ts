import { apply, isVeloxError, type Operation } from '@velox/core/protocol';
import { describe, expect, it, vi } from 'vitest';
import { batch } from './batch.js';
import { createRecorder } from '../recording/recorder.js';
import { VMap } from './vmap.js';
import { VSlice } from './vslice.js';

/** Long enough for edits to be shorter than the whole. */
const text = '-'.repeat(200);
interface Holder {
  rows: { box: { deep: { n: number } } }[];
  text: string;
  kept?: object;
  back?: Holder['rows'][number];
}
const board = () => ({ rows: [1, 2, 3].map((id) => ({ id, n: 0 })), box: { n: 0 } });

function make<T extends object>(value: T) {
  const onChange = vi.fn();
  const recorder = createRecorder(value, {}, { onChange });
  const taken = (): unknown[] => JSON.parse(recorder.take() ?? '[]') as unknown[];
  return { live: recorder.live(), recorder, onChange, taken };
}

describe('a live value', () => {
  it('records what is done to it, at once and for long', () => {
    const { live, recorder, onChange, taken } = make(board());
    expect(recorder.live()).toBe(live);
    const row = live.rows[2]!;
    row.n = 1;
    expect(onChange).toHaveBeenCalledTimes(1);
    expect(taken()).toEqual([{ op: 'replace', path: '/rows/2/n', value: 1 }]);
    live.rows.shift();
    taken();
    row.n = 2;
    expect(live.rows[1]).toBe(row);
    expect(taken()).toEqual([{ op: 'replace', path: '/rows/1/n', value: 2 }]);
    expect(onChange).toHaveBeenCalledTimes(3);
  });

  it('forgets what was taken out until it comes back', () => {
    const { live, taken } = make(board());
    const [row] = live.rows.splice(0, 1);
    taken();
    row!.n = 7;
    expect(taken()).toEqual([]);
    live.rows.push(row!);
    expect(live.rows[2]).toBe(row);
    expect(taken()).toEqual([{ op: 'add', path: '/rows/2', value: { id: 1, n: 7 } }]);
    row!.n = 8;
    expect(taken()).toEqual([{ op: 'replace', path: '/rows/2/n', value: 8 }]);
  });

  it.each(['box', 'deep'] as const)(
    'comes back with a copy of the part that a recipe took from it meanwhile (%s)',
    (where) => {
      const { live, recorder, taken } = make<Holder>({ rows: [{ box: { deep: { n: 0 } } }], text });
      const [row] = live.rows;
      recorder.update((draft) => {
        const { box } = draft.rows.pop()!;
        draft.kept = where === 'box' ? box : box.deep;
      });
      taken();
      live.back = row!;
      live.back.box.deep.n = 7;
      expect(recorder.value.kept).toEqual(where === 'box' ? { deep: { n: 0 } } : { n: 0 });
      expect(taken()).toEqual([{ op: 'add', path: '/back', value: { box: { deep: { n: 7 } } } }]);
      live.back.box.deep.n = 8;
      expect(taken()).toEqual([{ op: 'replace', path: '/back/box/deep/n', value: 8 }]);
    },
  );

  it('may return to another place of its former container while both are outside the value', () => {
    const { live, recorder, taken } = make<{ text: string; list?: object[]; a?: object }>({
      text,
      list: [{ n: 1 }, {}],
    });
    const { list } = live as { list: object[] };
    delete live.list;
    const row = list[0] as { n: number };
    live.a = row;
    delete live.a;
    list[1] = row;
    live.list = list;
    row.n = 2;
    const after = { text, list: [{ n: 1 }, { n: 2 }] };
    expect(recorder.value).toEqual(after);
    expect(apply({ text, list: [{ n: 1 }, {}] }, taken() as Operation[])).toEqual(after);
  });

  it('stays in its place if a move elsewhere is undone', () => {
    const { live, recorder, taken } = make<Record<string, unknown>>({ text, outer: { inner: { n: 1 } } });
    const outer = live.outer as { inner: { n: number } };
    delete live.outer;
    const { inner } = outer;
    live.a = inner;
    taken();
    expect(() =>
      recorder.update(() => {
        live.a = { outer, inner };
        throw new RangeError('on purpose');
      }),
    ).toThrow(RangeError);
    live.b = outer;
    inner.n = 2;
    expect(recorder.value).toEqual({ text, a: { n: 2 }, b: { inner: { n: 1 } } });
    expect(taken()).toEqual([
      { op: 'add', path: '/b', value: { inner: { n: 1 } } },
      { op: 'replace', path: '/a/n', value: 2 },
    ]);
  });

  it('shares nothing with the value that a failed batch made of it', () => {
    const { live, recorder, taken } = make<Record<string, unknown>>({ text, row: { n: 1 } });
    const row = live.row as { n: number };
    delete live.row;
    let box: unknown;
    expect(() =>
      batch(live, () => {
        live.box = { list: [row] };
        box = live.box;
        throw new RangeError('on purpose');
      }),
    ).toThrow(RangeError);
    live.a = box;
    live.b = row;
    row.n = 2;
    expect(recorder.value).toEqual({ text, a: { list: [{ n: 1 }] }, b: { n: 2 } });
    expect(apply({ text, row: { n: 1 } }, taken() as Operation[])).toEqual(recorder.value);
  });

  it('lives on when recipes and whole values change it', () => {
    const { live, recorder, taken } = make(board());
    const { box, rows } = live;
    const last = rows[2]!;
    recorder.update((d) => {
      d.box.n = 1;
      d.rows.unshift(d.rows.pop()!);
    });
    expect(box.n).toBe(1);
    taken();
    last.n = 5;
    expect(taken()).toEqual([{ op: 'replace', path: '/rows/0/n', value: 5 }]);
    recorder.reconcile({ ...board(), more: 1 });
    taken();
    last.n = 6;
    expect(taken()).toEqual([{ op: 'replace', path: '/rows/2/n', value: 6 }]);
    recorder.update((d) => void Object.assign(d, { hold: { rows: d.rows } }));
    expect(recorder.live()).toBe(live);
  });

  it('is as it was when one of its writes cannot be done', () => {
    const { live, taken } = make(board());
    const bad = { rows: [live.rows, 10n] };
    expect(() => Object.assign(live.box, { bad })).toThrow('a BigInt at /box/bad/rows/1 ');
    expect(() => live.rows.push({ id: 4, n: 0 }, bad as never)).toThrow('/rows/4/rows/1 ');
    expect(live).toEqual(board());
    expect(taken()).toEqual([]);
    live.rows[0]!.n = 1;
    expect(taken()).toHaveLength(1);
  });
});

describe('batch', () => {
  it('is all or nothing, and one change', () => {
    const { live, onChange, taken } = make(board());
    const result = batch(live, ({ rows, box }) => {
      rows.reverse();
      box.n = 1;
      expect(onChange).not.toHaveBeenCalled();
      return box.n;
    });
    expect(result).toBe(1);
    expect(onChange).toHaveBeenCalledTimes(1);
    taken();
    const failing = (): void =>
      batch(live.box, (box) => {
        live.rows.length = 0;
        box.n = 2;
        throw new RangeError();
      });
    expect(failing).toThrow(RangeError);
    expect(live.rows).toHaveLength(3);
    expect(taken()).toEqual([]);
  });

  it('is for live values, and synchronous', () => {
    const { live } = make(board());
    const code = (wanted: 'not-live' | 'async-recipe') =>
      expect.toSatisfy((error) => isVeloxError(error, wanted));
    expect(() => batch(board(), () => 1)).toThrow(code('not-live'));
    expect(() =>
      batch(live, async ({ box }) => {
        box.n = 1;
        await Promise.resolve();
      }),
    ).toThrow(code('async-recipe'));
    expect(live.box.n).toBe(0);
  });
});

describe('VMap and VSlice', () => {
  const chat = () => ({
    users: new VMap<{ age: number }>({ ann: { age: 1 } }),
    lines: new VSlice(['a', 'b']),
  });

  it('work outside of a value', () => {
    const { users, lines } = chat();
    users.set('bob', { age: 2 });
    users.set('__proto__', { age: 3 });
    expect(users.update('bob', (user) => void user.age++)).toBe(true);
    expect(users.update('cid', () => ({ age: 0 }))).toBe(false);
    expect(users.keys()).toEqual(['ann', 'bob', '__proto__']);
    expect(users.delete('__proto__')).toBe(true);
    expect(users.delete('__proto__')).toBe(false);
    expect([users.len(), users.has('bob'), users.has('toString'), users.get('toString')]).toEqual([
      2,
      true,
      false,
      undefined,
    ]);
    expect(JSON.stringify({ users, lines })).toBe(
      '{"users":{"ann":{"age":1},"bob":{"age":3}},"lines":["a","b"]}',
    );
    lines.append('c', 'd');
    expect([lines.setAt(1, 'B'), lines.setAt(4, 'x'), lines.deleteAt(0), lines.deleteAt(-1)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(lines.update(0, (line) => `${line}!`)).toBe(true);
    expect(lines.update(9, () => '')).toBe(false);
    expect([lines.get(), lines.at(2), lines.at(3), lines.len()]).toEqual([
      ['B!', 'c', 'd'],
      'd',
      undefined,
      3,
    ]);
  });

  it('publish their changes in a value', () => {
    const source = { ...chat(), text };
    const { live, recorder, taken } = make(source);
    expect(live.users).toBe(source.users);
    source.users.set('bob', { age: 2 });
    source.lines.append('c');
    expect(recorder.value).toEqual({
      users: { ann: { age: 1 }, bob: { age: 2 } },
      lines: ['a', 'b', 'c'],
      text,
    });
    expect(taken()).toHaveLength(2);
    source.users.get('ann')!.age = 5;
    expect(taken()).toEqual([{ op: 'replace', path: '/users/ann/age', value: 5 }]);
    expect(source.users.update('bob', (user) => void user.age++)).toBe(true);
    expect(taken()).toEqual([{ op: 'replace', path: '/users/bob/age', value: 3 }]);
    source.users.clear();
    source.lines.set([...source.lines.get().slice(1), 'd']);
    expect(recorder.value).toEqual({ users: {}, lines: ['b', 'c', 'd'], text });
    source.lines.clear();
    expect([source.lines.len(), source.users.snapshot(), source.users.values()]).toEqual([0, {}, []]);
  });

  it('batch, all or nothing', () => {
    const { live, onChange } = make(chat());
    live.lines.batch((lines) => {
      lines.push('c');
      lines.reverse();
    });
    expect(live.lines.get()).toEqual(['c', 'b', 'a']);
    expect(onChange).toHaveBeenCalledTimes(1);
    const failing = (): void =>
      live.users.batch((users) => {
        delete users.ann;
        throw new RangeError();
      });
    expect(failing).toThrow(RangeError);
    expect(live.users.len()).toBe(1);
  });

  it('are visited until the callback returns false', () => {
    const { users, lines } = chat();
    const seen: unknown[] = [];
    lines.range((index, line) => (seen.push(index, line), index < 0));
    users.range((key, { age }) => void seen.push(key, age));
    expect(seen).toEqual([0, 'a', 'ann', 1]);
  });

  it('are a VMap and a VSlice in a recipe, too', () => {
    const { live, recorder, taken } = make({ ...chat(), text });
    let kept: VMap<unknown> | undefined;
    recorder.update((d) => {
      d.users.set('bob', { age: 2 });
      kept = d.users;
      expect(d.users).toBeInstanceOf(VMap);
      expect(d.users).toBe(kept);
    });
    expect(live.users.get('bob')).toEqual({ age: 2 });
    expect(() => kept?.len()).toThrow('after its recipe');
    taken();
    recorder.update((d) => void d.lines.append('c'));
    expect(taken()).toEqual([{ op: 'add', path: '/lines/2', value: 'c' }]);
  });

  it('keep their type in an object that is pushed', () => {
    const source = { ...chat(), n: 0, text };
    const { recorder, taken } = make(source);
    source.n = 1;
    source.users.set('bob', { age: 2 });
    recorder.reconcile(source);
    expect(taken()).toHaveLength(2);
    source.users = new VMap({ cid: { age: 3 } });
    recorder.reconcile(source);
    source.users.set('dan', { age: 4 });
    expect(recorder.value.users).toEqual({ cid: { age: 3 }, dan: { age: 4 } });
    recorder.reconcile(source);
    expect(recorder.value.users).toEqual({ cid: { age: 3 }, dan: { age: 4 } });
  });

  it('are bound when they are assigned, and not when that fails', () => {
    const { live, recorder } = make<{ map?: VMap<number>; list: unknown[] }>({ list: [] });
    const map = new VMap<number>();
    expect(() => live.list.push({ map, bad: 10n })).toThrow('a BigInt');
    map.set('alone', 1);
    expect(recorder.value).toEqual({ list: [] });
    live.map = map;
    map.set('bound', 2);
    expect(recorder.value).toEqual({ list: [], map: { alone: 1, bound: 2 } });
    delete live.map;
    live.list.push(map);
    map.set('moved', 3);
    expect(recorder.value).toEqual({ list: [{ alone: 1, bound: 2, moved: 3 }] });
  });

  it('are refused in a second place, where later writes would be lost', () => {
    const map = new VMap(Object.entries({ a: 1 }));
    const rows = new VSlice([1]);
    const { live, recorder } = make<Record<string, unknown>>({ map, list: [rows] });
    const refused = /^velox: a V(Map|Slice) at .+ stands in a second place\. Assign its snapshot\(\)/;
    expect(() => (live.again = map)).toThrow(refused);
    expect(() => (live.list as unknown[]).push(rows)).toThrow(refused);
    expect(() => (live.deep = { inside: [map] })).toThrow(refused);
    expect(() => make({ list: [map] })).toThrow(refused); // a place in another value is one as well
    const both = new VMap();
    expect(() => make({ one: both, two: both })).toThrow(refused);
    live.map = map;
    map.set('b', 2);
    rows.append(2);
    live.copy = map.snapshot();
    expect(recorder.value).toEqual({ map: { a: 1, b: 2 }, list: [[1, 2]], copy: { a: 1, b: 2 } });
  });
});
