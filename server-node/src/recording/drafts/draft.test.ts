import { isVeloxError } from '@velox/core/protocol';
import { describe, expect, it } from 'vitest';
import { createRecorder } from '../recorder.js';

interface Row {
  id: number;
  tags: string[];
}
const fresh = () => ({ rows: [1, 2, 3].map((id): Row => ({ id, tags: ['x'] })), box: { inner: { n: 1 } } });
type Doc = ReturnType<typeof fresh> & Record<string, unknown>;

/** Runs a recipe on a fresh value and returns the changed value. */
function after(recipe: (draft: Doc) => unknown): Doc {
  const recorder = createRecorder(fresh() as Doc);
  recorder.update((draft) => void recipe(draft));
  return recorder.value;
}

describe('a draft reads like a plain object', () => {
  it('in every way there is', () => {
    after((d) => {
      expect(d).toEqual(fresh());
      expect(JSON.stringify(d)).toBe(JSON.stringify(fresh()));
      expect(Object.keys(d)).toEqual(['rows', 'box']);
      expect(Object.entries(d.box)).toEqual([['inner', { n: 1 }]]);
      expect('rows' in d && !('other' in d) && 'toString' in d).toBe(true);
      expect(Object.hasOwn(d, 'rows')).toBe(true);
      expect(Object.getOwnPropertyDescriptor(d.box, 'inner')?.value).toBe(d.box.inner);
      expect({ ...d }.box).toBe(d.box);
      expect([...d.rows][1]).toBe(d.rows[1]);
      expect(d.box).toBe(d.box);
      expect(Object.getPrototypeOf(d)).toBe(Object.prototype);
      expect(d.constructor).toBe(Object);
      expect(String(d)).toBe('[object Object]');
    });
  });

  it('and lists like plain lists', () => {
    after(({ rows }) => {
      expect(Array.isArray(rows)).toBe(true);
      expect(rows instanceof Array).toBe(true);
      expect(rows.length).toBe(3);
      expect(rows.at(-1)).toBe(rows[2]);
      expect(rows.map(({ id }) => id)).toEqual([1, 2, 3]);
      expect(rows.find(({ id }) => id === 2)).toBe(rows[1]);
      expect(rows.indexOf(rows[2]!)).toBe(2);
      expect(rows.indexOf(rows[2]!, -1)).toBe(2);
      expect(rows.lastIndexOf(rows[0]!)).toBe(0);
      expect(rows.includes(rows[1]!) && !rows.includes({ id: 2, tags: ['x'] })).toBe(true);
      expect(rows.slice(1)[0]).toBe(rows[1]);
      expect(rows.concat([rows[0]!])).toHaveLength(4);
      expect(rows.toReversed()[0]).toBe(rows[2]);
      expect([...rows.keys()]).toEqual([0, 1, 2]);
      expect(rows[0]!.tags.join()).toBe('x');
      expect(rows.flatMap(({ tags }) => tags)).toEqual(['x', 'x', 'x']);
      expect(rows.push).toBe(rows[0]!.tags.push);
    });
  });

  it('and methods return the same results as the methods of a list', () => {
    after(({ rows }) => {
      const [first, second, third] = rows;
      expect(rows.push({ id: 4, tags: [] })).toBe(4);
      expect(rows.unshift({ id: 0, tags: [] })).toBe(5);
      expect(rows.pop()).toEqual({ id: 4, tags: [] });
      expect(rows.shift()).toEqual({ id: 0, tags: [] });
      expect(rows.reverse()).toBe(rows);
      expect(rows.sort((a, b) => a.id - b.id)).toBe(rows);
      expect(rows.splice(1, 1, second!)).toEqual([second]);
      expect(rows.splice(5)).toEqual([]);
      expect(rows.fill({ id: 9, tags: [] }, 0, 1)).toBe(rows);
      expect(rows.copyWithin(0, 1)).toBe(rows);
      expect(rows.map(({ id }) => id)).toEqual([2, 3, 3]);
      expect([first!.id, third!.id]).toEqual([1, 3]);
    });
    const empty = createRecorder<number[]>([]);
    empty.update((list) => {
      expect([list.pop(), list.shift(), list.splice(0, 1)]).toEqual([undefined, undefined, []]);
    });
    expect(empty.dirty).toBe(false);
  });
});

describe('an assigned object', () => {
  it('is copied for each place, and counts until the recipe ends', () => {
    const row: Row = { id: 4, tags: [] };
    const value = after((d) => {
      d.rows.push(row, row);
      row.tags.push('late');
      d.rows[3]!.tags.push('own');
    });
    expect(value.rows.slice(3)).toEqual([
      { id: 4, tags: ['late', 'own'] },
      { id: 4, tags: ['late'] },
    ]);
    expect(row).toEqual({ id: 4, tags: ['late'] });
  });

  it('is the same part again, if it was taken out before', () => {
    const recorder = createRecorder(fresh() as Doc);
    const { inner } = recorder.value.box;
    recorder.update((d) => {
      const part = d.box.inner;
      delete (d as Partial<Doc>).box;
      d.again = part;
      expect(d.again).toBe(part);
    });
    expect(recorder.value.again).toBe(inner);
  });

  it('is a copy, if the part is still in its place', () => {
    const recorder = createRecorder(fresh() as Doc);
    recorder.update((d) => {
      d.twin = d.box;
      expect(d.twin).toEqual(d.box);
      expect(d.twin).not.toBe(d.box);
      d.box.inner.n++;
      const { inner } = d.box;
      d.box.inner = inner;
    });
    expect(recorder.value).toMatchObject({ box: { inner: { n: 2 } }, twin: { inner: { n: 1 } } });
  });

  it('may replace the container it was taken from, and be moved back', () => {
    const value = after((d) => {
      const { box } = d;
      const { inner } = box;
      d.box = { inner };
      inner.n = 5;
      d.old = box;
      inner.n = 6;
    });
    expect(value).toMatchObject({ box: { inner: { n: 6 } }, old: { inner: { n: 5 } } });
  });

  it('cannot be put into itself', () => {
    const recipe = (d: Doc): void => {
      const { box } = d;
      delete (d as Partial<Doc>).box;
      (box.inner as Record<string, unknown>).up = box;
    };
    expect(() => after(recipe)).toThrow(/a cycle at .* cannot be sent as JSON/);
    expect(after((d) => void ((d.box as Record<string, unknown>).self = d.box)).box).toMatchObject({
      self: { inner: { n: 1 } },
    });
  });

  it('is JSON', () => {
    const value = after((d) => {
      d.gone = 1;
      d.gone = undefined;
      d.nan = NaN;
      d.date = new Date(0);
      d.$hidden = 1;
      (d.rows as unknown[])[4] = undefined;
      delete (d.rows as unknown as Record<string, unknown>)[0];
      expect(d.gone).toBeUndefined();
      expect(d.nan).toBeNull();
      expect(d.$hidden).toBeUndefined();
    });
    expect(value).toEqual({
      ...fresh(),
      rows: [null, ...fresh().rows.slice(1), null, null],
      nan: null,
      date: '1970-01-01T00:00:00.000Z',
    });
    expect(Object.keys(value)).not.toContain('gone');
  });

  it.each<[string, (d: Doc) => void, RegExp]>([
    ['a name', (d) => void Object.assign(d.rows, { note: 1 }), /the key "note" of an array at \/rows/],
    ['a negative index', (d) => void (d.rows[-1] = d.rows[0]!), /the key "-1" of an array at \/rows/],
    ['a symbol', (d) => void Object.assign(d.rows, { [Symbol('s')]: 1 }), /a symbol as a key at \/rows/],
  ])('under %s of an array is an error', (_, change, message) => {
    expect(() => after(change)).toThrow(message);
  });

  it('stays data under every key', () => {
    const value = after((d) => {
      Object.assign(d.box, JSON.parse('{"__proto__":{"a":1},"constructor":2}'));
      expect((d.box as Record<string, unknown>).__proto__).toEqual({ a: 1 });
    });
    expect(Object.getPrototypeOf(value.box)).toBe(Object.prototype);
    expect(JSON.stringify(value.box)).toBe('{"inner":{"n":1},"__proto__":{"a":1},"constructor":2}');
  });
});

describe('a draft', () => {
  it('stays valid when its place moves', () => {
    const value = after(({ rows }) => {
      const last = rows[2]!;
      rows.unshift({ id: 0, tags: [] });
      last.tags.push('moved');
      rows.reverse();
      last.tags.push('again');
      rows.splice(0, 1);
      last.tags.push('out');
      rows.push(last);
      last.tags.push('in');
    });
    expect(value.rows.map(({ id }) => id)).toEqual([2, 1, 0, 3]);
    expect(value.rows[3]!.tags).toEqual(['x', 'moved', 'again', 'out', 'in']);
  });

  it('takes a `defineProperty` that an assignment could make, and no other', () => {
    const value = after((d) => {
      Object.defineProperty(d, 'plain', { value: 1, writable: true, enumerable: true, configurable: true });
      Object.defineProperty(d, 'plain', { value: 2 });
      expect(() => Object.defineProperty(d, 'hidden', { value: 1 })).toThrow(TypeError);
      expect(() =>
        Object.defineProperty(d, 'getter', { get: () => 1, enumerable: true, configurable: true }),
      ).toThrow(TypeError);
      expect(() => void Object.setPrototypeOf(d, null)).toThrow(TypeError);
      expect(() => Object.freeze(d)).toThrow(TypeError);
      expect(() => (d.rows.length = -1)).toThrow(RangeError);
      expect(() => delete (d.rows as { length?: number }).length).toThrow(TypeError);
    });
    expect(value).toEqual({ ...fresh(), plain: 2 });
  });

  it('is part of the outer update when the update is nested', () => {
    const recorder = createRecorder(fresh());
    recorder.update((outer) => {
      outer.box.inner.n = 2;
      let kept: unknown;
      recorder.update((inner) => {
        kept = inner.box;
        expect(inner.box.inner.n).toBe(2);
        inner.box.inner.n = 3;
      });
      expect(outer.box.inner.n).toBe(3);
      expect(() => Object.keys(kept as object)).toThrow('after its recipe');
      expect(() =>
        recorder.update((inner) => {
          inner.box.inner.n = 4;
          throw new RangeError();
        }),
      ).toThrow(RangeError);
      expect(outer.box.inner.n).toBe(3);
    });
    expect(recorder.value.box.inner.n).toBe(3);
  });

  it('applies the return value of a recipe only if the recipe wrote nothing', () => {
    const recorder = createRecorder<{ n: number }>({ n: 1 });
    recorder.update((d) => (d.n += 1) as never);
    recorder.update((d) => (d.n = 2) as never);
    expect(recorder.value).toEqual({ n: 2 });
    recorder.update((d) => ({ n: d.n + 1 }));
    recorder.update((d) => d);
    expect(recorder.value).toEqual({ n: 3 });
  });

  it('is a plain value if it belongs to another state', () => {
    const left = createRecorder(fresh());
    const right = createRecorder<{ rows?: unknown }>({});
    left.update((from) => right.update((to) => void (to.rows = from.rows)));
    expect(right.value.rows).toEqual(fresh().rows);
    expect(right.value.rows).not.toBe(left.value.rows);
    left.update((from) => {
      from.rows.pop();
      expect(() => right.update((to) => void (to.rows = [10n]))).toThrow(
        expect.toSatisfy((error) => isVeloxError(error, 'not-json')),
      );
    });
    expect(left.value.rows).toHaveLength(2);
  });
});

describe('two rows that are swapped', () => {
  const rows = () => ['a', 'b', 'c', 'd'].map((name) => ({ name, text: '-'.repeat(60), tags: [name] }));
  const names = (list: readonly { name: string }[]): string => list.map(({ name }) => name).join('');
  /** Runs a recipe on the rows; returns their names after it and the operations sent. */
  const run = (recipe: (list: ReturnType<typeof rows>) => void): [string, unknown[]] => {
    const recorder = createRecorder(rows());
    recorder.update(recipe);
    return [names(recorder.value), JSON.parse(recorder.take() ?? '[]') as unknown[]];
  };

  it('move, and are the same rows', () => {
    const recorder = createRecorder(rows());
    const [a, , , d] = recorder.value;
    recorder.update((list) => {
      const [left, right] = [list[0]!, list[3]!];
      [list[0], list[3]] = [right, left];
      expect([list[0], list[3]]).toEqual([right, left]);
      expect([list[0] === right, list[3] === left]).toEqual([true, true]);
      left.tags.push('last');
    });
    expect([recorder.value[0] === d, recorder.value[3] === a]).toEqual([true, true]);
    expect(JSON.parse(recorder.take()!)).toEqual([
      { op: 'move', from: '/3', path: '/0' },
      { op: 'move', from: '/1', path: '/3' },
      { op: 'add', path: '/3/tags/1', value: 'last' },
    ]);
  });

  it('by way of a variable, too', () => {
    const [order, sent] = run((list) => {
      const kept = list[1]!;
      list[1] = list[2]!;
      list[2] = kept;
    });
    expect([order, sent]).toEqual(['acbd', [{ op: 'move', from: '/2', path: '/1' }]]);
  });

  it('move wherever many swaps bring them', () => {
    const [order, sent] = run((list) => {
      for (let index = 3; index > 0; index--)
        [list[index], list[index - 1]] = [list[index - 1]!, list[index]!];
    });
    expect([order, sent]).toEqual(['dabc', [{ op: 'move', from: '/3', path: '/0' }]]);
  });

  it('may be swapped with a value that is no row', () => {
    const recorder = createRecorder<unknown[]>([{ n: 1 }, 'x', null]);
    recorder.update((list) => {
      [list[0], list[1]] = [list[1], list[0]];
      [list[1], list[2]] = [list[2], list[1]];
    });
    expect(recorder.value).toEqual(['x', null, { n: 1 }]);
  });

  it('are two rows in every moment', () => {
    const [order] = run((list) => {
      list[0] = list[1]!;
      const [left, right] = [list[0], list[1]!];
      expect(left).not.toBe(right);
      left.name = 'L';
      right.name = 'R';
    });
    expect(order).toBe('LRcd');
    expect(run((list) => void ((list[0] = list[1]!), list.reverse()))[0]).toBe('dcbb');
    expect(run((list) => void ((list[0] = list[1]!), expect(list.indexOf(list[1]!)).toBe(1)))[0]).toBe(
      'bbcd',
    );
    expect(run((list) => void ((list[0] = list[1]!), (list[1] = list[2]!), (list[2] = list[0]!)))[0]).toBe(
      'bcbd',
    );
  });

  it('are swapped when read between the two writes', () => {
    const recorder = createRecorder({ list: rows() });
    recorder.update(({ list }) => {
      const [left, right] = [list[0]!, list[1]!];
      list[0] = right;
      expect(names(recorder.value.list)).toBe('bbcd');
      expect(recorder.dirty).toBe(true);
      expect(JSON.parse(recorder.take()!)).toHaveLength(2);
      list[1] = left;
      expect(names(recorder.value.list)).toBe('bacd');
      list[2] = list[3]!;
      recorder.reconcile({ list: recorder.value.list });
      list[0] = list[1]!;
      recorder.update((inner) => void (inner.list[0]!.name = 'x'));
    });
    expect(names(recorder.value.list)).toBe('xadd');
  });

  it('are where they were when the recipe throws', () => {
    const recorder = createRecorder(rows());
    const half = (list: ReturnType<typeof rows>): void => {
      [list[2], list[3]] = [list[3]!, list[2]!];
      list[0] = list[1]!;
      throw new RangeError();
    };
    expect(() => recorder.update(half)).toThrow(RangeError);
    expect(recorder.value).toEqual(rows());
    recorder.update((list) => {
      list[0] = list[2]!;
      expect(() => recorder.update(half)).toThrow(RangeError);
    });
    expect(names(recorder.value)).toBe('cbcd');
    expect(new Set(recorder.value).size).toBe(4);
  });
});
