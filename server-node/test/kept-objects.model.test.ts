/**
 * Objects that the application keeps after it assigned them, and drafts that it holds: whatever is written, moved, copied and read in
 * whatever order, the value is the one of ordinary objects, or a coded error says that it cannot be.
 */
import { apply, isVeloxError, type Operation } from '@velox/core/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecorder, type Recorder } from '../src/recording/recorder.js';
import { batch } from '../src/state/batch.js';
import { VMap } from '../src/state/vmap.js';
import { canonical, json, numRuns, timeout } from './rig/documents.js';
import { createPlainOracle, RuleBroken } from './rig/plain-oracle.js';

type Item = { n: number; tags: string[]; items?: Item[]; next?: Item; [key: string]: unknown };
interface Doc {
  map: Record<string, Item | undefined>;
  list: Item[];
  more: Record<string, unknown>;
}

interface Program {
  readonly doc: Doc;
  /** Objects that were assigned before, as their creator has them. */
  readonly kept: Item[];
  /** Lists that were assigned before. */
  readonly lists: Item[][];
  /** Drafts that were read before. */
  readonly held: Item[];
  readonly keep: (object: Item) => void;
  readonly keepList: (list: Item[]) => void;
  readonly flush: () => void;
  /** Runs changes that fail, and are undone. */
  readonly fail: (change: () => void) => void;
  readonly refuseShared: (this: void, value: unknown) => void;
}
interface Numbers {
  readonly key: string;
  readonly other: string;
  readonly at: number;
  readonly to: number;
  /** A new number: an object does not show that it was written if it gets the value that it has. */
  readonly stamp: number;
}
type Statement = (program: Program, numbers: Numbers) => unknown;

const item = (n: number): Item => ({ n, tags: ['a'] });
const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(list.length, 1)];

const assignments: Record<string, Statement> = {
  'assign a kept object': ({ doc, keep }, { key, stamp }) => {
    const row = item(stamp);
    keep(row);
    doc.map[key] = row;
  },
  'push two kept objects': ({ doc, keep }, { stamp }) => {
    const [left, right] = [item(stamp), item(stamp + 0.5)];
    keep(left);
    keep(right);
    doc.list.push(left, right);
  },
  'insert a kept object': ({ doc, keep }, { stamp, at }) => {
    const row = item(stamp);
    keep(row);
    doc.list.splice(at, 1, row);
  },
  'assign a kept tree': ({ doc, keep }, { key, stamp }) => {
    const items = [item(stamp + 0.25), item(stamp + 0.5), item(stamp + 0.75)];
    const root: Item = { ...item(stamp), items };
    keep(root);
    keep(items[0]!);
    doc.map[key] = root;
  },
  'assign a kept list': ({ doc, keep, keepList }, { stamp }) => {
    const list = [item(stamp), item(stamp + 0.5)];
    keepList(list);
    keep(list[0]!);
    doc.list = list;
  },
  'assign kept lists to members': ({ doc, lists }, { key, other, at }) => {
    const list = pick(lists, at);
    const row = doc.map[key];
    if (list && row) row[other] = { list };
  },
  'build from the top': ({ doc, keep }, { stamp }) => {
    const root = item(stamp);
    keep(root);
    doc.list.unshift(root);
    root.next = item(stamp + 0.5);
    keep(root.next);
    root.next.tags.push('deep');
  },
  'assign a kept object again': ({ doc, kept }, { key, at }) => {
    const row = pick(kept, at);
    if (row) doc.map[key] = row;
  },
  'assign kept objects in a list': ({ doc, kept }, { other, at, to }) => {
    doc.more[other] = [pick(kept, at), pick(kept, to)];
  },
  'assign a part of a kept object': ({ doc, kept }, { key, at, stamp }) => {
    const row = pick(kept, at);
    if (row) doc.map[key] = { n: stamp, tags: row.tags };
  },
  'spread a kept object': ({ doc, kept }, { key, at }) => {
    const row = pick(kept, at);
    if (row) doc.map[key] = { ...row };
  },
  'spread a draft': ({ doc }, { key, at }) => {
    const row = pick(doc.list, at);
    if (row) doc.map[key] = { ...row };
  },
  'assign a draft again': ({ doc }, { key, at }) => {
    const row = pick(doc.list, at);
    if (row) doc.map[key] = row;
  },
  'assign a held draft': ({ doc, held }, { key, at }) => {
    const row = pick(held, at);
    if (row) doc.map[key] = row;
  },
  'push a held draft': ({ doc, held }, { at }) => {
    const row = pick(held, at);
    if (row) doc.list.push(row);
  },
  'move from the list': ({ doc }, { key, at }) => {
    const [row] = doc.list.splice(at, 1);
    if (row) doc.map[key] = row;
  },
  'move to the list': ({ doc }, { key }) => {
    const row = doc.map[key];
    delete doc.map[key];
    if (row) doc.list.push(row);
  },
  'move a part': ({ doc, held }, { key, at }) => {
    const row = doc.map[key];
    delete doc.map[key];
    if (!row) return;
    held.push(row);
    const part = pick(row.items ?? [], at) ?? row.next;
    if (part) doc.list.push(part);
  },
  remove: ({ doc }, { key }) => delete doc.map[key],
};

const orders: Record<string, Statement> = {
  swap: ({ doc: { list } }, { at, to }) => {
    const [left, right] = [list[at], list[to]];
    if (left && right) [list[at], list[to]] = [right, left];
  },
  'copy an item to another': ({ doc: { list } }, { at, to }) => {
    const from = list[at];
    if (from && list[to]) list[to] = from;
  },
  filter: ({ doc }, { at }) => (doc.list = doc.list.filter((_, index) => index !== at)),
  'spread a list': ({ doc, keep }, { stamp }) => {
    const row = item(stamp);
    keep(row);
    doc.list = [...doc.list, row];
  },
  sort: ({ doc }) => doc.list.sort((left, right) => right.n - left.n),
  'sort a copy': ({ doc }) => (doc.list = doc.list.toSorted((left, right) => left.n - right.n)),
  reverse: ({ doc }) => doc.list.reverse(),
  rotate: ({ doc }) => {
    const row = doc.list.pop();
    if (row) doc.list.unshift(row);
  },
  'copy within': ({ doc }, { at }) => doc.list.copyWithin(at, 0),
  shorten: ({ doc }, { at }) => (doc.list.length = Math.min(doc.list.length, at)),
};

const objectWrites: Record<string, Statement> = {
  'write to a kept object': ({ kept }, { at, stamp }) => {
    const row = pick(kept, at);
    if (row) row.n = stamp;
  },
  'push to the list of a kept object': ({ kept }, { at, stamp }) => pick(kept, at)?.tags.push(`${stamp}`),
  'replace the list of a kept object': ({ kept }, { at, stamp }) => {
    const row = pick(kept, at);
    if (row) row.tags = [`${stamp}`];
  },
  'add to a kept object': ({ kept }, { at, other, stamp }) => {
    const row = pick(kept, at);
    if (row) row[other] = { n: stamp, list: [stamp] };
  },
  'delete from kept objects': ({ kept }, { other }) => {
    for (const row of kept) delete row[other];
  },
  'add an item to a kept object': ({ kept, keep }, { at, stamp }) => {
    const row = pick(kept, at);
    if (!row) return;
    row.items ??= [];
    const child = item(stamp);
    keep(child);
    row.items.push(child);
  },
  'reverse the items of a kept object': ({ kept }, { at }) => pick(kept, at)?.items?.reverse(),
  'drop an item of a kept object': ({ kept }, { at }) => void pick(kept, at)?.items?.shift(),
  'link kept objects': ({ kept }, { at, to }) => {
    const row = pick(kept, at);
    const next = pick(kept, to);
    if (row && next) row.next = next;
  },
  'link a kept object with a draft': ({ kept, doc }, { at, key }) => {
    const row = pick(kept, at);
    const next = doc.map[key];
    if (row && next) row.next = next;
  },
  'rename a member of a kept object': ({ kept }, { at, other }) => {
    const row = pick(kept, at);
    if (!row?.items) return;
    row[other] = row.items;
    delete row.items;
  },
};

const listWrites: Record<string, Statement> = {
  'push to a kept list': ({ lists, keep }, { at, stamp }) => {
    const row = item(stamp);
    keep(row);
    pick(lists, at)?.push(row);
  },
  'push a draft to a kept list': ({ lists, doc }, { at, key }) => {
    const row = doc.map[key];
    if (row) pick(lists, at)?.push(row);
  },
  'push a kept object to a kept list': ({ lists, kept }, { at, to }) => {
    const row = pick(kept, to);
    if (row) pick(lists, at)?.push(row);
  },
  'reverse a kept list': ({ lists }, { at }) => pick(lists, at)?.reverse(),
  'sort a kept list': ({ lists }, { at }) => pick(lists, at)?.sort((left, right) => right.n - left.n),
  'rotate a kept list': ({ lists }, { at }) => pick(lists, at)?.copyWithin(1, 0),
  'replace in a kept list': ({ lists }, { at, to, stamp }) => pick(lists, at)?.splice(to, 1, item(stamp)),
  'drop from a kept list': ({ lists }, { at }) => void pick(lists, at)?.shift(),
  'shorten a kept list': ({ lists }, { at, to }) => {
    const list = pick(lists, at);
    if (list) list.length = Math.min(list.length, to);
  },
};

const failures: Record<string, Statement> = {
  'fail after writes': ({ doc, fail }, { key, at, stamp }) =>
    fail(() => {
      const row = pick(doc.list, at);
      if (row) row.tags.push(`${stamp}`);
      doc.list.reverse();
      doc.map[key] = item(stamp);
    }),
  'fail after moves': ({ doc, fail }, { key, at }) =>
    fail(() => {
      const row = doc.map[key];
      delete doc.map[key];
      if (row) doc.list.splice(at, 1, row);
      doc.more.x = json(doc.list);
    }),
  'fail after the assignment of a kept object': ({ doc, fail, kept }, { key, at, stamp }) =>
    fail(() => {
      const row = pick(kept, at);
      if (row) doc.map[key] = row;
      const member = doc.map[key];
      if (member) member.n = stamp;
    }),
};

const draftWrites: Record<string, Statement> = {
  'write to a member': ({ doc }, { key, stamp }) => {
    const row = doc.map[key];
    if (row) row.n = stamp;
  },
  'push to the list of a row': ({ doc }, { at, stamp }) => pick(doc.list, at)?.tags.push(`${stamp}`),
  'add a member to each row': ({ doc }, { other, stamp }) => {
    for (const row of doc.list) row[other] = stamp;
  },
  'delete from a member': ({ doc }, { key, other }) => {
    const row = doc.map[key];
    if (row) delete row[other];
  },
  'write to an item': ({ doc }, { key, at, stamp }) => {
    const row = pick(doc.map[key]?.items ?? [], at);
    if (row) row.n = stamp;
  },
  'drop an item': ({ doc }, { key }) => void doc.map[key]?.items?.pop(),
  'hold a draft': ({ doc, held }, { at }) => {
    const row = pick(doc.list, at);
    if (row) held.push(row);
  },
  'hold a member': ({ doc, held }, { key }) => {
    const row = doc.map[key];
    if (row) held.push(row, ...(row.items ?? []));
  },
  'write to a held draft': ({ held }, { at, stamp }) => {
    const row = pick(held, at);
    if (row) row.n = stamp;
  },
  'push to the list of a held draft': ({ held }, { at, stamp }) => pick(held, at)?.tags.push(`${stamp}`),
};

const reads: Record<string, Statement> = {
  'copy the text of all': ({ doc }, { other }) => (doc.more[other] = [json(doc.map), json(doc.list)]),
  'copy the text of a member': ({ doc }, { key, other }) => (doc.more[other] = json(doc.map[key] ?? null)),
  'copy one member': ({ doc }, { at, other }) => (doc.more[other] = json(pick(doc.list, at)?.[other])),
  'count members': ({ doc }, { key, other }) => {
    const row = doc.map[key];
    doc.more[other] = row && [Object.keys(row).length, 'next' in row, row.items?.length, row.tags.length];
  },
  'find a held draft': ({ doc, held, refuseShared }, { at, other }) => {
    const row = pick(held, at);
    refuseShared(row);
    doc.more[other] = doc.list.indexOf(row!);
  },
  'find a kept object': ({ doc, kept, refuseShared }, { at, other }) => {
    const row = pick(kept, at);
    refuseShared(row);
    doc.more[other] = [doc.list.indexOf(row!), doc.list.includes(row!)];
  },
  flush: ({ flush }) => flush(),
};

const statements = {
  ...assignments,
  ...orders,
  ...objectWrites,
  ...listWrites,
  ...failures,
  ...draftWrites,
  ...reads,
};
const names = (group: Record<string, Statement>): fc.Arbitrary<string> =>
  fc.constantFrom(...Object.keys(group));
const numbers = fc.record({
  key: fc.constantFrom('ann', 'bob'),
  other: fc.constantFrom('x', 'y'),
  at: fc.nat(3),
  to: fc.nat(3),
});
const program = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 3, arbitrary: names(assignments) },
      { weight: 2, arbitrary: names(orders) },
      { weight: 4, arbitrary: names(objectWrites) },
      { weight: 2, arbitrary: names(listWrites) },
      { weight: 1, arbitrary: names(failures) },
      { weight: 4, arbitrary: names(draftWrites) },
      { weight: 2, arbitrary: names(reads) },
    ),
    numbers,
  ),
  { minLength: 3, maxLength: 20, size: 'max' },
);
type Lines = readonly (readonly [name: string, numbers: Omit<Numbers, 'stamp'>])[];

const start = (): Doc => ({ map: { ann: item(1) }, list: [item(0), item(2)], more: {} });

/** Runs the lines whose result ordinary objects can tell. */
function runPlainly(lines: Lines): { doc: Doc; lines: Lines } {
  const doc = start();
  const oracle = createPlainOracle(doc);
  const kept: Item[] = [];
  const lists: Item[][] = [];
  const plain: Program = {
    doc: oracle.draft,
    kept,
    lists,
    held: [],
    keep: (object) => void kept.push(oracle.keep(object)),
    keepList: (list) => void lists.push(oracle.keep(list)),
    flush() {},
    fail() {},
    refuseShared: oracle.refuseShared,
  };
  for (const [index, [name, values]] of lines.entries()) {
    try {
      statements[name]!(plain, { ...values, stamp: 100 + index });
      oracle.settle();
    } catch (error) {
      if (!(error instanceof RuleBroken)) throw error;
      return runPlainly(lines.filter((_, other) => other !== index));
    }
  }
  return { doc, lines };
}

function run(lines: Lines, doc: Doc, flush: () => void): void {
  const kept: Item[] = [];
  const lists: Item[][] = [];
  const all: Program = {
    doc,
    kept,
    lists,
    held: [],
    keep: (object) => void kept.push(object),
    keepList: (list) => void lists.push(list),
    flush,
    fail(change) {
      const onPurpose = new Error('on purpose');
      const failing = (): void => {
        change();
        throw onPurpose;
      };
      try {
        batch(doc, failing);
      } catch (error) {
        if (error !== onPurpose) throw error;
      }
    },
    refuseShared() {},
  };
  for (const [index, [name, values]] of lines.entries())
    statements[name]!(all, { ...values, stamp: 100 + index });
}

/** A way to change a value: a recorder, and the program's access to its document. */
interface Way {
  readonly recorder: Recorder<{ doc: unknown }>;
  readonly change: (body: (doc: Doc) => void) => void;
  readonly read?: () => unknown;
}
/** Edits are sent, and not the whole, if the whole is long. */
const fill = '-'.repeat(500);

const ways: Record<string, (onError: (error: unknown) => void) => Way> = {
  update() {
    const recorder = createRecorder({ doc: start(), fill });
    return { recorder, change: (body) => recorder.update((d) => body(d.doc)) };
  },
  live(onError) {
    const recorder = createRecorder({ doc: start(), fill }, { onError });
    return { recorder, change: (body) => body(recorder.live().doc) };
  },
  'a VMap'(onError) {
    const map = new VMap<Doc>({ doc: start() });
    const recorder = createRecorder({ doc: map, fill }, { onError });
    return {
      recorder,
      change: (body) => void map.update('doc', (doc) => body(doc)),
      read: () => (recorder.value.doc as unknown as Record<string, unknown>).doc,
    };
  },
  'a VMap in a recipe'() {
    const recorder = createRecorder({ doc: new VMap<Doc>({ doc: start() }), fill });
    return {
      recorder,
      change: (body) => recorder.update((d) => void d.doc.update('doc', (doc) => body(doc))),
      read: () => (recorder.value.doc as unknown as Record<string, unknown>).doc,
    };
  },
};

describe.each(Object.entries(ways))('objects that are kept after an assignment by %s', (_, create) => {
  it('count as ordinary objects do, or a coded error says that they cannot', { timeout: timeout * 2 }, () => {
    let refusals = 0;
    let programs = 0;
    const property = fc.property(program, (all) => {
      const { doc, lines } = runPlainly(all);
      const errors: unknown[] = [];
      const { recorder, change, read = () => recorder.value.doc } = create((error) => errors.push(error));
      let client = json(recorder.value);
      const flush = (): void => {
        const patch = recorder.take();
        if (patch !== undefined) client = apply(client, JSON.parse(patch) as Operation[]);
      };
      programs++;
      try {
        change((draft) => run(lines, draft, flush));
      } catch (error) {
        errors.push(error);
      }
      const now = read();
      for (const error of errors) expect([error, isVeloxError(error, 'stale-object')]).toEqual([error, true]);
      if (errors.length > 0) refusals++;
      else expect(canonical(now)).toBe(canonical(json(doc)));
      flush();
      expect(canonical(client)).toBe(canonical(recorder.value));
    });
    fc.assert(property, { numRuns });
    expect(refusals).toBeLessThan(programs / 2); // or nothing would have been compared
  });
});
