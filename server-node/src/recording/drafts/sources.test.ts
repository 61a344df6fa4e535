import { isVeloxError } from '@velox/core/protocol';
import { describe, expect, it } from 'vitest';
import { createRecorder, type Recorder } from '../recorder.js';

type Tree = { name?: string; at?: number; items?: unknown[]; children?: Tree[]; [key: string]: unknown };
interface Doc {
  g: { x?: number[]; [key: string]: unknown };
  users: Record<string, { name?: string; age?: number; tags?: string[] }>;
  rows: { id: number; tags?: string[] }[];
  tree?: Tree;
}
const fresh = (): Doc => ({ g: {}, users: {}, rows: [{ id: 1 }] });

/** What plain JavaScript makes of each of these, a draft makes, too. */
const idioms: Record<string, (d: Doc) => void> = {
  'a list that is created if it is missing': (d) => {
    (d.g.x ??= []).push(1);
    (d.g.x ??= []).push(2);
  },
  'an object that is assigned, then filled': (d) => {
    const ann: Doc['users'][string] = (d.users.ann = {});
    ann.age = 3;
    ann.tags = ['a'];
    ann.tags.push('b');
  },
  'a tree that is built from the top': (d) => {
    const root: Tree = {};
    d.tree = root;
    root.children = [];
    for (const name of ['a', 'b']) {
      const child: Tree = { name };
      root.children.push(child);
      child.children = [];
      child.children.push({ name: `${name}1` });
    }
  },
  'a reduction into an assigned object': (d) => {
    d.g.sums = ['a', 'b', 'a'].reduce(
      (sums: Record<string, number>, key) => {
        sums[key] = (sums[key] ?? 0) + 1;
        return sums;
      },
      (d.g.sums = {}) as Record<string, number>,
    );
  },
  'a row that is pushed, then changed': (d) => {
    const row: Doc['rows'][number] = { id: 2 };
    d.rows.push(row);
    row.tags = ['late'];
    row.id = 3;
  },
  'a row that is read from the draft and changed through the object': (d) => {
    const row: Doc['rows'][number] = { id: 2 };
    d.rows.unshift(row);
    const draft = d.rows[0]!;
    row.tags = ['a'];
    draft.tags!.push('b');
    draft.id += draft.tags!.length;
  },
  'a list that is sorted, shortened and emptied after it was assigned': (d) => {
    const list = [3, 1, 2];
    d.g.list = list;
    list.sort();
    list.pop();
    const other = [{ n: 1 }, { n: 2 }];
    d.g.other = other;
    other.reverse();
    other[0]!.n = 5;
    const none = [1];
    d.g.none = none;
    none.length = 0;
  },
  'members that are deleted or renamed after the assignment': (d) => {
    const user: Tree = { name: 'a', at: 1 };
    d.g.user = user;
    user.title = user.name;
    delete user.name;
  },
  'one object in two places': (d) => {
    const tags = ['a'];
    d.users.ann = { tags };
    d.users.bob = { tags };
    tags.push('b');
  },
  'Object.assign to an assigned object': (d) => {
    const user = (d.users.ann = { name: 'a' });
    Object.assign(user, { age: 1, tags: ['x'] });
    d.users.ann.age! += 1;
  },
  'an assigned object that is moved on': (d) => {
    const user = (d.users.ann = { name: 'a', tags: ['x'] });
    d.users.bob = d.users.ann;
    delete (d.users as Partial<Doc['users']>).ann;
    user.tags.push('y');
  },
};

const ways: Record<string, (recorder: Recorder<Doc>, change: (d: Doc) => void) => void> = {
  'a recipe': (recorder, change) => recorder.update((d) => change(d)),
  'a live value': (recorder, change) => change(recorder.live()),
};

describe.each(Object.entries(ways))('in %s', (_, run) => {
  it.each(Object.entries(idioms))('%s is what plain JavaScript makes', (__, change) => {
    const recorder = createRecorder(fresh());
    const plain = fresh();
    change(plain);
    run(recorder, change);
    expect(recorder.value).toEqual(JSON.parse(JSON.stringify(plain)));
  });
});

type Row = { n: number; tags: string[]; [key: string]: unknown };
const row = (n: number): Row => ({ n, tags: [] });

/** The places where a container that follows an object is copied, moved or searched; `live` has no second half of a swap. */
describe.each(Object.entries(ways))('in %s, an object that is kept', (_, run) => {
  /** Runs the change with a kept object in the middle of the list. */
  const listAfter = (change: (list: Row[], kept: Row) => void): unknown => {
    const initial = { list: [row(1), row(3)] };
    const recorder = createRecorder<{ list: Row[] }>(initial, { onError: () => undefined }); // thrown, too
    run(recorder as unknown as Recorder<Doc>, (d) => {
      const { list } = d as unknown as { list: Row[] };
      const kept = row(2);
      list.splice(1, 0, kept);
      change(list, kept);
    });
    return recorder.value.list;
  };

  it('counts in the copy that copyWithin makes', () => {
    const list = listAfter((items, kept) => {
      items.copyWithin(2, 1);
      kept.tags.push('late');
    });
    expect(list).toEqual([row(1), { n: 2, tags: ['late'] }, { n: 2, tags: ['late'] }]);
  });

  it('counts in the copy that an assignment from another index makes', () => {
    const list = listAfter((items, kept) => {
      items[0] = items[1]!;
      kept.n = 5;
    });
    expect(list).toEqual([row(5), row(5), row(3)]);
  });

  it('counts in a part that was moved away and is copied when its container returns', () => {
    const list = listAfter((items, kept) => {
      const inner = row(7);
      kept.inner = inner;
      const [outer] = items.splice(1, 1);
      items.push(outer!.inner as Row, outer!);
      inner.n = 8;
    });
    expect(list).toEqual([row(1), row(3), row(8), { ...row(2), inner: row(8) }]);
  });

  it('is found where its copy is', () => {
    const places: unknown[] = [];
    listAfter((items, kept) => {
      places.push(items.indexOf(kept), items.lastIndexOf(kept), items.includes(kept), items.includes(row(2)));
      const own = items.map((item) => item);
      items.splice(0, 3, ...own);
      places.push(items.indexOf(kept));
      items[1]!.n = 4;
      places.push(items.indexOf(kept));
    });
    expect(places).toEqual([1, 1, true, false, 1, 1]);
  });

  it('keeps the writes of drafts to its items if it is a list that is put in another order', () => {
    const list = [row(1), row(2), row(3)];
    const recorder = createRecorder<{ list: Row[] }>({ list: [] });
    const seen: unknown[] = [];
    run(recorder as unknown as Recorder<Doc>, (d) => {
      const doc = d as unknown as { list: Row[] };
      doc.list = list;
      doc.list[0]!.tags.push('draft');
      list.reverse();
      seen.push(doc.list[0]!.n, doc.list[2]!.tags[0]);
      const last = list.pop()!;
      seen.push(doc.list.length);
      list.unshift(last);
      seen.push(doc.list[0]!.tags[0]);
    });
    expect(recorder.value.list).toEqual([{ n: 1, tags: ['draft'] }, row(3), row(2)]);
    expect(seen).toEqual([3, 'draft', 2, 'draft']);
  });

  it('is an error when a draft reads a member written after a draft of its copy, also if that is taken back', () => {
    const attempts: ((items: Row[]) => unknown)[] = [
      (items) => items[1]!.late,
      (items) => JSON.stringify(items),
      (items) => (items[1]!.late = 2),
      (items) => Object.keys(items[1]!),
      (items) => 'late' in items[1]!,
      (items) => ({ ...items[1] }),
      (items) => delete items[1]!.late,
      (items) => (items[0] = items[1]!).late,
    ];
    for (const attempt of attempts)
      listAfter((items, kept) => {
        items[1]!.n = 4;
        kept.late = 1;
        expect(() => attempt(items)).toThrow(/\/list\/1 was written after its draft was/);
        delete kept.late;
      });
  });

  it('may be written after a draft of its copy if the copy is out of the value', () => {
    const list = listAfter((items, kept) => {
      items[1]!.n = 4;
      items.splice(1, 1);
      kept.n = 5;
    });
    expect(list).toEqual([row(1), row(3)]);
  });

  it('is an error if it is written after a draft of it was written and copied', () => {
    const change = (): unknown =>
      listAfter((items, kept) => {
        items[1]!.n = 4;
        const { ...copy } = { again: items[1]! };
        items[0] = copy.again;
        items.splice(1, 1);
        kept.n = 5;
        expect(items[0].n).toBe(4);
      });
    expect(change).toThrow(/was written after its draft was/);
  });

  it('may hold itself while its copy is out of the value', () => {
    const list = listAfter((items, kept) => {
      items.splice(1, 1);
      kept.self = kept;
    });
    expect(list).toEqual([row(1), row(3)]);
  });
});

/** An application's list that holds drafts: assigned in two places, each place has parts of its own. */
describe.each(Object.entries(ways))('in %s, a list that holds the draft of a row', (_, run) => {
  type Lists = Record<'a' | 'b' | 'c', Row[]>;
  /** Runs the change with such a list in `a`, and its copy in `b`. */
  const after = (change: (d: Lists, kept: Row[]) => void): unknown => {
    const recorder = createRecorder<Partial<Lists>>({ a: [row(1)] });
    run(recorder as unknown as Recorder<Doc>, (d) => {
      const lists = d as unknown as Lists;
      const kept = [...lists.a, row(2)];
      lists.a = kept;
      lists.b = lists.a;
      change(lists, kept);
    });
    return recorder.value;
  };
  const [one, two] = [row(1), row(2)];

  it('is copied with the writes to its copy', () => {
    const value = after((d) => {
      d.b[0]!.n = 5;
      d.c = d.b;
      d.c[0]!.tags.push('c');
    });
    expect(value).toEqual({ a: [one, two], b: [row(5), two], c: [{ n: 5, tags: ['c'] }, two] });
  });

  it('is copied without writes that another list made to a shared row', () => {
    const value = after((d) => {
      d.a[0]!.n = 5;
      d.c = d.b;
    });
    expect(value).toEqual({ a: [row(5), two], b: [one, two], c: [one, two] });
  });

  it('keeps its value when a second copy is written to', () => {
    const value = after((d) => {
      d.b[1]!.n = 6;
      d.c = d.b;
      d.c[0]!.n = 7;
    });
    expect(value).toEqual({ a: [one, two], b: [one, row(6)], c: [row(7), row(6)] });
  });

  it('counts in each copy when it grows', () => {
    const value = after((d, kept) => {
      d.b[0]!.n = 5;
      d.c = d.b;
      kept[1]!.n = 3;
      kept.push(row(4));
      d.c[0]!.n = 6;
    });
    const rest = [row(3), row(4)];
    expect(value).toEqual({ a: [one, ...rest], b: [row(5), ...rest], c: [row(6), ...rest] });
  });
});

describe('an assigned object', () => {
  it('is never written: the draft has a copy', () => {
    const empty = { items: [] as string[] };
    const recorder = createRecorder<Record<string, typeof empty>>({});
    recorder.update((d) => {
      d.ann = empty;
      d.ann.items.push('sword');
      d.bob = empty;
    });
    expect(recorder.value).toEqual({ ann: { items: ['sword'] }, bob: { items: [] } });
    expect(empty).toEqual({ items: [] });
  });

  it('is an error if it is written after its draft was, and the recipe is undone', () => {
    const recorder = createRecorder(fresh());
    const recipe = (d: Doc): void => {
      const user: Doc['users'][string] = (d.users.ann = {});
      d.users.ann.age = 1;
      user.age = 2;
    };
    expect(() => recorder.update(recipe)).toThrow(/\/users\/ann was written after its draft/);
    expect(recorder.value).toEqual(fresh());
    expect(recorder.dirty).toBe(false);
  });

  it('fails the recipe if it gets a value that JSON cannot represent', () => {
    const recorder = createRecorder<Record<string, unknown>>({});
    const recipe = (d: Record<string, unknown>): void => {
      const late: Record<string, unknown> = (d.late = {});
      late.inner = { f: () => 1 };
    };
    expect(() => recorder.update(recipe)).toThrow(/a function at \/late\/inner\/f/);
    expect(recorder.value).toEqual({});
  });

  it('with a value that JSON cannot represent is reported once and leaves the live value unchanged', async () => {
    const errors: unknown[] = [];
    const recorder = createRecorder<Record<string, unknown>>({}, { onError: (error) => errors.push(error) });
    const late: Record<string, unknown> = { n: 1 };
    recorder.live().late = late;
    late.f = () => 1;
    await Promise.resolve();
    expect(recorder.value).toEqual({ late: { n: 1 } });
    expect(recorder.value).toEqual({ late: { n: 1 } });
    expect(errors.map((error) => isVeloxError(error, 'not-json'))).toEqual([true]);
  });

  it('counts until the recipe ends, and no longer', () => {
    const recorder = createRecorder(fresh());
    const user: Doc['users'][string] = {};
    recorder.update((d) => void (d.users.ann = user));
    user.age = 1;
    recorder.update((d) => void (d.g.n = 1));
    expect(recorder.value.users).toEqual({ ann: {} });
  });

  it('applies to a live value until the tick ends, also after a forced flush, and no longer', async () => {
    const changes: true[] = [];
    const recorder = createRecorder(fresh(), {}, { onChange: () => changes.push(true) });
    const user: Doc['users'][string] = {};
    const live = recorder.live();
    live.users.ann = user;
    const ann = live.users.ann;
    recorder.take();
    user.age = 1;
    expect(changes).toHaveLength(1);
    await Promise.resolve();
    expect(changes).toHaveLength(2);
    expect(JSON.parse(recorder.take()!)).toEqual([{ op: 'add', path: '/users/ann/age', value: 1 }]);
    user.age = 2;
    await Promise.resolve();
    expect([recorder.dirty, recorder.value.users]).toEqual([false, { ann: { age: 1 } }]);
    ann.age = 3;
    expect(recorder.value.users).toEqual({ ann: { age: 3 } });
  });

  it('is still followed after a recipe that read its members throws', () => {
    const recorder = createRecorder<Record<string, Tree>>({});
    recorder.update((d) => {
      const root: Tree = { children: [{ name: 'a' }] };
      d.root = root;
      let child: Tree | undefined;
      const failing = (inner: typeof d): void => {
        inner.other = { name: 'undone' };
        child = d.root!.children![0];
        throw new RangeError('on purpose');
      };
      expect(() => recorder.update(failing)).toThrow(RangeError);
      root.children![0]!.at = 1;
      expect(d.root.children![0]).toBe(child);
      child!.name = 'b';
    });
    expect(recorder.value).toEqual({ root: { children: [{ name: 'b', at: 1 }] } });
  });

  it('keeps the places of its copy in order across a take', () => {
    type Box = { a?: Box | string };
    const recorder = createRecorder<Box[]>([]);
    recorder.update(() => void (recorder.live()[0] = {}));
    recorder.update((d) => {
      const inner = d[0]!;
      d[0] = { ...inner };
      d[0].a = inner;
      inner.a = 'old';
    });
    recorder.take();
    recorder.update((d) => {
      const inner = d[0]!;
      d[0] = { ...inner };
      d.unshift(inner);
      (inner.a as Box).a = 'new';
    });
    expect(recorder.value).toEqual([{ a: { a: 'new' } }, { a: { a: 'old' } }]);
    expect(JSON.parse(recorder.take()!)).toEqual([
      { op: 'add', path: '/1', value: { a: { a: 'old' } } },
      { op: 'replace', path: '/0/a/a', value: 'new' },
    ]);
  });

  it('is followed inside of a copy of its draft', () => {
    type Row = { n: number; tags: string[] };
    const recorder = createRecorder<{ list: Row[] }>({ list: [{ n: 1, tags: [] }] });
    const { list } = recorder.live();
    const row: Row = { n: 2, tags: [] };
    list.unshift(row);
    list[0]!.n = 3;
    [list[1], list[0]] = [list[0]!, list[1]!]; // in a live value, the first one is a copy
    row.tags.push('late');
    expect(recorder.value.list).toEqual([
      { n: 1, tags: [] },
      { n: 3, tags: ['late'] },
    ]);
  });

  it('is not followed if the recipe that assigned it failed', () => {
    const recorder = createRecorder<Record<string, Tree>>({});
    recorder.update(() => {
      const late: Tree = { children: [{ name: 'a' }] };
      const failing = (inner: Record<string, Tree>): void => {
        inner.late = late;
        expect(inner.late.children![0]!.name).toBe('a');
        throw new RangeError('on purpose');
      };
      expect(() => recorder.update(failing)).toThrow(RangeError);
      late.children![0]!.f = () => 1;
    });
    expect([recorder.value, recorder.take()]).toEqual([{}, undefined]);
  });

  it('is replaced by the value that the recorder is set to', () => {
    const recorder = createRecorder(fresh());
    const user: Doc['users'][string] = { age: 1 };
    recorder.live().users.ann = user;
    user.age = 2;
    recorder.reconcile({ ...fresh(), users: { ann: { age: 5 } } });
    expect(recorder.value.users).toEqual({ ann: { age: 5 } });
  });
});
