import { queryObjects } from 'node:v8';
import { createStateHash, isVeloxError, type ErrorCode } from '@velox/core/protocol';
import { describe, expect, it, vi } from 'vitest';
import { createRecorder, type Recorder } from './recorder.js';
import { Tree } from './tree/tree.js';

const board = () => ({
  rows: [1, 2, 3].map((id) => ({ id, price: id * 10, text: '-'.repeat(40) })),
  users: { ann: { age: 1 }, bob: { age: 2 } } as Record<string, { age: number }>,
});

/** The operations of one update. */
function ops<T>(recorder: Recorder<T>, recipe: (draft: T) => T | void): unknown[] {
  recorder.update(recipe);
  return JSON.parse(recorder.take() ?? '[]') as unknown[];
}

function code(action: () => unknown): ErrorCode | undefined {
  try {
    action();
  } catch (error) {
    if (isVeloxError(error)) return error.code;
    throw error;
  }
  return undefined;
}

describe('the operations sent', () => {
  it('is one small operation for one small change', () => {
    const recorder = createRecorder(board());
    expect(ops(recorder, (d) => void (d.rows[1]!.price = 21))).toEqual([
      { op: 'replace', path: '/rows/1/price', value: 21 },
    ]);
    expect(ops(recorder, (d) => void d.rows.unshift(d.rows.pop()!))).toEqual([
      { op: 'move', from: '/rows/2', path: '/rows/0' },
    ]);
    expect(ops(recorder, (d) => void (d.rows = d.rows.filter(({ id }) => id !== 1)))).toEqual([
      { op: 'remove', path: '/rows/1' },
    ]);
    expect(
      ops(recorder, (d) => void (d.rows = d.rows.map((row) => (row.id === 3 ? { ...row, price: 0 } : row)))),
    ).toEqual([{ op: 'replace', path: '/rows/0/price', value: 0 }]);
    expect(ops(recorder, (d) => ({ ...d, users: { ...d.users, cid: { age: 3 } } }))).toEqual([
      { op: 'add', path: '/users/cid', value: { age: 3 } },
    ]);
  });

  it('is the net change of a window', () => {
    const recorder = createRecorder(board());
    recorder.update((d) => void (d.users.cid = { age: 3 }));
    recorder.update((d) => void d.users.cid!.age++);
    expect(ops(recorder, (d) => void delete d.users.cid)).toEqual([]);
    expect(ops(recorder, (d) => void d.rows.reverse().reverse())).toEqual([]);
    recorder.update((d) => void (d.users.ann!.age = 5));
    expect(ops(recorder, (d) => void (d.users.ann!.age = 6))).toEqual([
      { op: 'replace', path: '/users/ann/age', value: 6 },
    ]);
  });

  it('follows a row that moves and changes', () => {
    const recorder = createRecorder(board());
    const sent = ops(recorder, ({ rows }) => {
      const row = rows.shift()!;
      row.price = 11;
      rows.push(row);
      row.price = 12;
    });
    expect(sent).toEqual([
      { op: 'move', from: '/rows/0', path: '/rows/2' },
      { op: 'replace', path: '/rows/2/price', value: 12 },
    ]);
  });

  it('moves a card from list to list', () => {
    const card = (id: number) => ({ id, text: '-'.repeat(80) });
    const recorder = createRecorder({ todo: [card(1), card(2)], done: [card(3)] });
    const sent = ops(recorder, ({ todo, done }) => {
      const [moved] = todo.splice(0, 1);
      moved!.text += '!';
      done.push(moved!);
    });
    expect(sent).toEqual([
      { op: 'move', from: '/todo/0', path: '/done/1' },
      { op: 'replace', path: '/done/1/text', value: `${'-'.repeat(80)}!` },
    ]);
  });

  it('escapes paths, and never leads through an unsafe key', () => {
    const recorder = createRecorder<Record<string, unknown>>({
      'a/b': { '~"': 1 },
      box: { constructor: { x: 1 }, y: 1 },
    });
    expect(ops(recorder, (d) => void ((d['a/b'] as Record<string, number>)['~"'] = 2))).toEqual([
      { op: 'replace', path: '/a~1b/~0"', value: 2 },
    ]);
    const change = (d: Record<string, unknown>): void => {
      const { box } = d as { box: { constructor: unknown } };
      (box.constructor as { x: number }).x++;
    };
    expect(ops(recorder, change)).toEqual([
      { op: 'replace', path: '/box', value: { constructor: { x: 2 }, y: 1 } },
    ]);
    recorder.reconcile({ ...recorder.value, ...(JSON.parse('{"__proto__":1}') as object), n: 1 });
    recorder.take();
    const sent = ops(recorder, (d) => void Object.assign(d, JSON.parse('{"__proto__":2}')));
    expect(sent).toMatchObject([{ op: 'replace', path: '' }]);
    expect(JSON.stringify(sent)).toContain('"__proto__":2');
    expect({}).not.toHaveProperty('x');
  });

  it('is a container as a whole when all of it changed', () => {
    const recorder = createRecorder({
      list: Array.from({ length: 1000 }, (_, index) => index),
      other: 'x'.repeat(50_000),
    });
    const [only, ...others] = ops(recorder, (d) => void d.list.reverse());
    expect(others).toEqual([]);
    expect(only).toMatchObject({ op: 'replace', path: '/list' });
    expect(ops(recorder, (d) => void (d.list.length = 0))).toEqual([
      { op: 'replace', path: '/list', value: [] },
    ]);
  });

  it('replaces a root', () => {
    const recorder = createRecorder<unknown>([1]);
    expect(ops(recorder, () => null)).toEqual([]);
    recorder.reconcile(null);
    expect(JSON.parse(recorder.take()!)).toEqual([{ op: 'replace', path: '', value: null }]);
    expect(ops(recorder, () => 'text')).toEqual([{ op: 'replace', path: '', value: 'text' }]);
    expect(ops(recorder, (d) => `${d as string}!`)).toEqual([{ op: 'replace', path: '', value: 'text!' }]);
    expect(ops(recorder, () => undefined)).toEqual([]);
  });
});

describe('a recorder', () => {
  it('keeps its value in place and apart from what it was made of', () => {
    const initial = board();
    const recorder = createRecorder(initial);
    const { value } = recorder;
    const { rows } = value;
    recorder.update((d) => void d.rows.pop());
    recorder.take();
    expect(recorder.value).toBe(value);
    expect(recorder.value.rows).toBe(rows);
    expect(initial).toEqual(board());
  });

  it('knows its size exactly, at a cost that follows the change', () => {
    const recorder = createRecorder<Record<string, unknown>>({});
    expect(recorder.size).toBe(2);
    for (let index = 0; index < 100; index++) {
      recorder.update((d) => void (d[`key ${index}`] = { list: [index] }));
      recorder.take();
      expect(recorder.size).toBe(JSON.stringify(recorder.value).length);
    }
    expect(() =>
      recorder.update((d) => {
        for (const key of Object.keys(d)) delete d[key];
        throw new RangeError();
      }),
    ).toThrow(RangeError);
    for (const key of Object.keys(recorder.value)) {
      recorder.update((d) => void delete d[key]);
      recorder.take();
      expect(recorder.size).toBe(JSON.stringify(recorder.value).length);
    }
  });

  it('knows its size as of the last take, also if it is asked for the first time between two', () => {
    const recorder = createRecorder({ text: 'a' });
    recorder.update((draft) => void (draft.text = 'abc'));
    expect(recorder.size).toBe('{"text":"abc"}'.length); // nothing was measured before
    recorder.update((draft) => void (draft.text = 'abcde'));
    recorder.take();
    const { size } = recorder;
    expect(size).toBe('{"text":"abcde"}'.length);
    recorder.update((draft) => void (draft.text = ''));
    expect(recorder.size).toBe(size);
    recorder.take();
    expect(recorder.size).toBe('{"text":""}'.length);
  });

  it('releases its tree when it rests, and only then', () => {
    const all = (): number => queryObjects(Tree) as number;
    const before = all();
    const trees = (): number => all() - before;
    const recorder = createRecorder<{ n: number; o?: object }>({ n: 0 });
    expect(recorder.dirty).toBe(false);
    expect(trees()).toBe(0);
    recorder.update(() => undefined);
    expect(trees()).toBe(1);
    recorder.rest();
    expect(trees()).toBe(0);
    recorder.reconcile({ n: 1 });
    recorder.rest();
    expect(trees()).toBe(1); // it is not taken yet
    expect(recorder.take()).toBe('[{"op":"replace","path":"/n","value":1}]');
    recorder.rest();
    expect(trees()).toBe(0);
    expect(recorder.value).toEqual({ n: 1 });
    recorder.live();
    recorder.rest();
    expect(trees()).toBe(1); // its draft lasts
    expect(recorder.value).toEqual({ n: 1 });
  });

  it('finds what an update changed, also if it rested before the next value came', () => {
    const first = { a: { n: 1 }, b: 0 };
    const recorder = createRecorder(first);
    recorder.reconcile(first);
    recorder.update((draft) => void (draft.a.n = 2));
    recorder.take();
    recorder.rest();
    recorder.reconcile({ ...first, b: 1 }, { previous: first });
    expect(recorder.value).toEqual({ a: { n: 1 }, b: 1 });
  });

  it('finds what an update changed between two rests', () => {
    const first = { a: { n: 1 } };
    const recorder = createRecorder(first);
    recorder.reconcile(first);
    recorder.rest();
    recorder.update((draft) => void (draft.a.n = 2));
    recorder.take();
    recorder.rest();
    recorder.reconcile(first, { previous: first });
    expect(recorder.value).toEqual({ a: { n: 1 } });
  });

  it('has one draft that lasts', () => {
    const recorder = createRecorder({ a: { n: 0 } });
    expect(recorder.live()).toBe(recorder.live());
    expect(recorder.live().a).toBe(recorder.live().a);
  });

  it('counts an object that was assigned to the lasting draft until the end of its tick, in each tick anew', async () => {
    const recorder = createRecorder<{ a?: { n: number } }>({});
    for (const tick of [1, 2]) {
      const assigned = { n: 0 };
      recorder.live().a = assigned;
      assigned.n = tick;
      expect(recorder.value).toEqual({ a: { n: tick } });
      await Promise.resolve();
      assigned.n = -1;
      expect(recorder.value).toEqual({ a: { n: tick } });
    }
  });

  it('throws the error of an assigned object at the end of the recipe, and does not report it before', () => {
    const onError = vi.fn();
    const recorder = createRecorder<{ a?: { n: unknown } }>({}, { onError });
    const broken = (): void =>
      recorder.update((draft) => {
        const assigned: { n: unknown } = { n: 0 };
        draft.a = assigned;
        assigned.n = 1n;
        expect(recorder.value).toEqual({ a: { n: 0 } });
      });
    expect(code(broken)).toBe('not-json');
    expect(onError).not.toHaveBeenCalled();
    expect(recorder.value).toEqual({});
  });

  it('calls onChange once between two takes, after the recipe', () => {
    const onChange = vi.fn();
    const recorder = createRecorder({ n: 0 }, {}, { onChange });
    recorder.update((d) => {
      d.n++;
      expect(onChange).not.toHaveBeenCalled();
    });
    recorder.update((d) => void d.n++);
    recorder.live().n++;
    expect(onChange).toHaveBeenCalledTimes(1);
    expect(recorder.dirty).toBe(true);
    recorder.take();
    expect(recorder.dirty).toBe(false);
    recorder.live().n++;
    expect(onChange).toHaveBeenCalledTimes(2);
    recorder.take();
    recorder.reconcile({ n: 4 });
    expect(onChange).toHaveBeenCalledTimes(2);
  });

  it('undoes a recipe that throws, and nothing else', () => {
    const onChange = vi.fn();
    const recorder = createRecorder(board(), {}, { onChange });
    const failing = (d: ReturnType<typeof board>): void => {
      d.rows.reverse();
      d.users = {};
      d.rows.push(d.rows.shift()!);
      throw new RangeError('no');
    };
    expect(() => recorder.update(failing)).toThrow(RangeError);
    expect(recorder.value).toEqual(board());
    expect(recorder.dirty).toBe(false);
    expect(onChange).not.toHaveBeenCalled();

    recorder.update((d) => void (d.users.ann!.age = 9));
    expect(() => recorder.update(failing)).toThrow(RangeError);
    expect(JSON.parse(recorder.take()!)).toEqual([{ op: 'replace', path: '/users/ann/age', value: 9 }]);
  });

  it('may be taken from in the middle of a recipe', () => {
    const recorder = createRecorder(board());
    const failing = (d: ReturnType<typeof board>): void => {
      d.rows.pop();
      expect(JSON.parse(recorder.take()!)).toEqual([{ op: 'remove', path: '/rows/2' }]);
      d.rows.pop();
      throw new RangeError();
    };
    expect(() => recorder.update(failing)).toThrow(RangeError);
    expect(recorder.value).toEqual(board());
    expect(JSON.parse(recorder.take()!)).toEqual([{ op: 'add', path: '/rows/2', value: board().rows[2] }]);
  });

  it('refuses an asynchronous recipe, and lets it fail in silence', async () => {
    const recorder = createRecorder(board());
    const recipe = async (d: ReturnType<typeof board>): Promise<void> => {
      d.rows.pop();
      await Promise.resolve();
      d.rows.pop();
    };
    expect(code(() => recorder.update(recipe as never))).toBe('async-recipe');
    await new Promise((resolve) => setImmediate(resolve));
    expect(recorder.value).toEqual(board());
    expect(recorder.dirty).toBe(false);
  });

  it('ends drafts with their recipe', () => {
    const recorder = createRecorder(board());
    let kept: ReturnType<typeof board> = board();
    recorder.update((d) => void (kept = d));
    expect(code(() => kept.rows)).toBe('draft-revoked');
    expect(code(() => (kept.users = {}))).toBe('draft-revoked');
    expect(code(() => JSON.stringify(kept))).toBe('draft-revoked');
    recorder.update((d) => void (kept = d));
    expect(code(() => recorder.update((d) => void (d.users = kept.users)))).toBe('draft-revoked');
    expect(code(() => recorder.update((d) => void Object.assign(d, { users: [kept] })))).toBe(
      'draft-revoked',
    );
    const escape = (d: ReturnType<typeof board>): void => {
      kept = d;
      throw new RangeError();
    };
    expect(() => recorder.update(escape)).toThrow(RangeError);
    expect(code(() => Object.keys(kept))).toBe('draft-revoked');
  });

  it('names the path of a value that JSON cannot represent, and keeps the old value', () => {
    const recorder = createRecorder<{ rows: unknown[] }>({ rows: [{ id: 1 }] });
    const bad = { id: 1, deep: [0, 10n] };
    expect(() => recorder.update((d) => void d.rows.push(1, bad))).toThrow('a BigInt at /rows/2/deep/1 ');
    expect(() => recorder.update((d) => void ((d.rows[0] as { x: unknown }).x = bad))).toThrow(
      '/rows/0/x/deep/1 ',
    );
    expect(() => recorder.reconcile({ rows: [{ id: 1, n: 1 }, bad] })).toThrow('/rows/1/deep/1 ');
    expect(() => recorder.reconcile({ rows: [bad] })).toThrow('/rows/0/deep/1 ');
    expect(() => recorder.update((d) => ({ rows: [...d.rows, bad] }))).toThrow('/rows/1/deep/1 ');
    expect(() => createRecorder(bad)).toThrow('/deep/1 ');
    expect(recorder.value).toEqual({ rows: [{ id: 1 }] });
    expect(recorder.take()).toBeUndefined();
  });

  it('takes 500 levels of nesting, and no more', () => {
    const nest = (levels: number): unknown[] => (levels === 1 ? [] : [nest(levels - 1)]);
    const deepest = (root: unknown[]): unknown[] => (root.length > 0 ? deepest(root[0] as unknown[]) : root);
    const recorder = createRecorder<unknown[]>(nest(499));
    recorder.update((d) => void deepest(d).push([]));
    expect(JSON.parse(recorder.take()!)).toHaveLength(1);
    expect(code(() => recorder.update((d) => void deepest(d).push([])))).toBe('too-deep');
    recorder.reconcile(nest(500));
    expect(code(() => recorder.reconcile(nest(501)))).toBe('too-deep');
    expect(code(() => recorder.update(() => nest(501)))).toBe('too-deep');
    expect(recorder.value).toEqual(nest(500));
    recorder.update((d) => void d.push(d.pop(), nest(499)));
    const deeper = (d: unknown[]): void => {
      const moved = d.pop();
      d.push([moved]);
    };
    expect(code(() => recorder.update(deeper))).toBe('too-deep');
    expect(code(() => createRecorder(nest(501)))).toBe('too-deep');
    expect(code(() => createRecorder(nest(3), { depth: 2 }))).toBe('too-deep');
  });

  it('handles 10,000 rows in any order', () => {
    const rows = Array.from({ length: 10_000 }, (_, id) => ({ id, text: 'x'.repeat(id % 7) }));
    const recorder = createRecorder({ rows });
    recorder.update((d) => void d.rows.reverse());
    const patch = recorder.take()!;
    expect(JSON.parse(patch)).toHaveLength(1); // 10,000 moves are longer
    expect(recorder.value.rows.at(-1)).toEqual({ id: 0, text: '' });
  });
});

describe('the hash of a value', () => {
  const setUp = () => {
    const recorder = createRecorder<{ row: { part?: { n: number } } }>({ row: { part: { n: 1 } } });
    const look = (): void => {
      recorder.take();
      expect(recorder.hash()).toBe(createStateHash().of(recorder.value));
    };
    look();
    return { recorder, look };
  };

  it('follows changes that are undone after a read', () => {
    const { recorder, look } = setUp();
    recorder.update((draft) => {
      (draft.row.part as { n: number }).n = 2;
      const failing = (inner: typeof draft): never => {
        inner.row = { ...inner.row };
        delete inner.row.part;
        look();
        throw new RangeError();
      };
      expect(() => recorder.update(failing)).toThrow(RangeError);
    });
    look();
    expect(recorder.value).toEqual({ row: { part: { n: 2 } } });
  });

  it('follows a part that is written after a move, which is undone, and is written again', () => {
    const { recorder, look } = setUp();
    const failing = (draft: { row: { part?: { n: number } } }): never => {
      draft.row = { ...draft.row };
      (draft.row.part as { n: number }).n = 2;
      throw new RangeError();
    };
    expect(() => recorder.update(failing)).toThrow(RangeError);
    look();
    recorder.update((draft) => void ((draft.row.part as { n: number }).n = 3));
    look();
    expect(recorder.value).toEqual({ row: { part: { n: 3 } } });
  });

  it('follows members that return to a replaced container when the replacement is undone', () => {
    const recorder = createRecorder<unknown[][][]>([[[1], []]]);
    const check = () => {
      recorder.take();
      expect(recorder.hash()).toBe(createStateHash().of(recorder.value));
    };
    check();
    const fail = (draft: unknown[][][]): void => {
      draft[0] = [draft[0]![1]!];
      check();
      draft[0][0]!.push(1);
      throw new RangeError();
    };
    expect(() => recorder.update(fail)).toThrow(RangeError);
    recorder.update((draft) => void draft[0]![1]!.push(2));
    check();
  });
});
