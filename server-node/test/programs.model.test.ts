/**
 * Ordinary JavaScript, run on a draft of each kind and on a plain object. Velox makes the same value of it, or throws a coded error. Two
 * rules differ, and the programs keep to them: an object or part in two places becomes two copies, and an object does not show
 * afterwards the writes to a draft of its copy.
 */
import { apply, isVeloxError, type Operation } from '@velox/core/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecorder, type Recorder } from '../src/recording/recorder.js';
import { VMap } from '../src/state/vmap.js';
import { VSlice } from '../src/state/vslice.js';
import { canonical, json, numRuns, timeout } from './rig/documents.js';

type Item = { n: number; tags: string[]; next?: Item; [key: string]: unknown };
interface Doc {
  on: boolean;
  count: number;
  map: Record<string, Item | undefined>;
  list: Item[];
  more: Record<string, unknown>;
}

/** A class whose own member and getters of the prototype differ: JSON carries the former. */
class Point {
  x: number;

  constructor(x: number) {
    this.x = x;
  }

  get double(): number {
    return this.x * 2;
  }
}

/** The common variables of the statements of one program: objects that were assigned before, and numbers. */
interface Scratch {
  readonly kept: Item[];
  readonly key: string;
  readonly other: string;
  readonly at: number;
  readonly n: number;
  /** A new number: an object does not show that it was written if it gets the value that it has. */
  readonly stamp: number;
  readonly text: string;
}

const item = (n: number): Item => ({ n, tags: ['a'] });
const some = (doc: Doc, { at }: Scratch): Item | undefined => doc.list[at % Math.max(doc.list.length, 1)];

/** Each statement returns the value of its expression, as the body of an arrow function does. */
const statements: Record<string, (doc: Doc, scratch: Scratch) => unknown> = {
  increment: (d) => d.count++,
  'conditional increment': (d, { n }) => d.on && (d.count += n),
  'conditional push': (d, { n }) => d.count > 3 && d.list.push(item(n)),
  toggle: (d) => (d.on = !d.on),
  'assign a new object': (d, { key, n, kept }) => (kept.push((d.map[key] = item(n))), undefined),
  'write to an assigned object': (_, { kept, stamp }) => {
    const last = kept.at(-1);
    if (last) last.n = stamp;
  },
  'push to a list of an assigned object': (_, { kept, text }) => kept[0]?.tags.push(text),
  'add to an assigned object': (_, { kept, n, other }) => {
    const first = kept[0];
    if (first) first[other] = { n, list: [n] };
  },
  'delete from an assigned object': (_, { kept, other }) => {
    for (const each of kept) delete each[other];
  },
  'build from the top': (d, { n, kept }) => {
    const root: Item = item(n);
    d.list.push(root);
    root.next = item(n + 1);
    root.next.next = item(n + 2);
    root.next.tags.push('deep');
    kept.push(root.next);
  },
  'push an object that is kept': (d, { n, kept }) => {
    const row = item(n);
    d.list.unshift(row);
    kept.push(row);
    return row;
  },
  'assign a default': (d, { key, n }) => (d.map[key] ??= item(n)),
  'push to a default': (d, { key, n, text }) => (d.map[key] ??= item(n)).tags.push(text),
  'default of a list': (d, { other, n }) => ((d.more[`${other}List`] ??= []) as unknown[]).push(n),
  'or-assign': (d, { n }) => (d.count ||= n),
  'and-assign': (d, { n }) => (d.count &&= n),
  'reduce into an assigned object': (d, { other }) =>
    d.list.reduce(
      (sums, { tags }) => {
        for (const tag of tags) sums[tag] = (sums[tag] ?? 0) + 1;
        return sums;
      },
      (d.more[other] = {}) as Record<string, number>,
    ),
  'spread an object': (d, { key, n }) => (d.map[key] = { ...item(n), ...(json(d.map[key] ?? {}) as object) }),
  'spread a list': (d, { n, kept }) => {
    const row = item(n);
    kept.push(row);
    d.list = [...(json(d.list) as Item[]), row];
  },
  'filter in place': (d, { n }) => (d.list = d.list.filter((each) => each.n !== n)),
  'map to primitives': (d, { other }) => (d.more[other] = d.list.map(({ n }) => n)),
  destructure: (d, scratch) => {
    const { n = 0, tags = [] } = some(d, scratch) ?? {};
    const [first = 'none', ...rest] = tags;
    d.more[scratch.other] = { n, first, rest };
  },
  'write to a row': (d, scratch) => {
    const row = some(d, scratch);
    if (row) row.n += scratch.n;
  },
  'swap rows': (d, { at }) => {
    const length = d.list.length;
    if (length < 2) return;
    const [left, right] = [at % length, (at + 1) % length];
    [d.list[left], d.list[right]] = [d.list[right]!, d.list[left]!];
  },
  'take out and put back': (d) => {
    const row = d.list.pop();
    if (row) d.list.unshift(row);
  },
  reverse: (d) => d.list.reverse(),
  sort: (d) => d.list.sort((left, right) => left.n - right.n),
  splice: (d, { at, n }) => d.list.splice(at, 1, item(n)),
  shorten: (d, { at }) => (d.list.length = Math.min(d.list.length, at)),
  remove: (d, { key }) => delete d.map[key],
  'object assign': (d, { n, key }) => Object.assign(d.map[key] ?? d.more, { n, extra: { n } }),
  'structured clone': (d, { other, n }) => (d.more[other] = structuredClone({ n, when: [n, null] })),
  'class instance': (d, { other, n }) => (d.more[other] = new Point(n)),
  'write to a class instance': (d, { other, n }) => {
    const point = new Point(n);
    d.more[other] = point;
    point.x = point.double;
  },
  'undefined and NaN': (d, { other }) => {
    d.more[other] = { gone: undefined, nan: NaN, list: [undefined, -0] };
  },
  'add a member to each row': (d, { n }) => {
    for (const row of d.list) row.mark = n;
  },
  entries: (d) => {
    for (const [key, each] of Object.entries(d.map)) if (each) each.key = key;
  },
};

const scratch = fc.record({
  key: fc.constantFrom('ann', 'bob', '0'),
  other: fc.constantFrom('x', 'y'),
  at: fc.nat(4),
  n: fc.nat(3),
  text: fc.constantFrom('b', 'c'),
});
const program = fc.array(fc.tuple(fc.constantFrom(...Object.keys(statements)), scratch), {
  minLength: 1,
  maxLength: 8,
  size: 'max',
});
type Program = typeof program extends fc.Arbitrary<infer P> ? P : never;

/** Runs a program. Its value is the one of its last statement. */
function run(all: Program, doc: Doc): unknown {
  const kept: Item[] = [];
  let value: unknown;
  let stamp = 100;
  for (const [name, values] of all) value = statements[name]!(doc, { ...values, kept, stamp: stamp++ });
  return value;
}

/** A way to change a value: a recorder, its document, and the program's access to it. */
interface Way {
  readonly recorder: Recorder<{ doc: unknown }>;
  readonly change: (body: (doc: Doc) => unknown) => void;
  readonly read?: () => unknown;
}
type Recipe = (doc: Doc) => Doc | void;
const start = (): Doc => ({ on: true, count: 0, map: { ann: item(1) }, list: [item(0), item(2)], more: {} });
/** Edits are sent, and not the whole, if the whole is long. */
const fill = '-'.repeat(500);

const ways: Record<string, (onError: (error: unknown) => void) => Way> = {
  update() {
    const recorder = createRecorder({ doc: start(), fill });
    return { recorder, change: (body) => recorder.update((d) => body(d.doc) as void) };
  },
  'update of a root'() {
    const recorder = createRecorder(start());
    return {
      recorder: recorder as unknown as Way['recorder'],
      change: (body) => recorder.update(body as Recipe),
      read: () => recorder.value,
    };
  },
  live(onError) {
    const recorder = createRecorder({ doc: start(), fill }, { onError });
    return { recorder, change: (body) => void body(recorder.live().doc) };
  },
  set() {
    const recorder = createRecorder({ doc: start(), fill });
    const change: Way['change'] = (body) => {
      const next = json(recorder.value) as { doc: Doc };
      body(next.doc);
      recorder.reconcile(next);
    };
    return { recorder, change };
  },
  push() {
    const watched = { doc: start(), fill };
    const recorder = createRecorder(watched);
    const change: Way['change'] = (body) => {
      watched.doc = json(watched.doc) as Doc;
      body(watched.doc);
      recorder.reconcile(watched);
    };
    return { recorder, change };
  },
  VMap(onError) {
    const map = new VMap<Doc>({ doc: start() });
    const recorder = createRecorder({ doc: map, fill }, { onError });
    return {
      recorder,
      change: (body) => void map.update('doc', body as Recipe),
      read: () => (recorder.value.doc as unknown as Record<string, unknown>).doc,
    };
  },
  VSlice(onError) {
    const list = new VSlice<Doc>([start()]);
    const recorder = createRecorder({ doc: list, fill }, { onError });
    return {
      recorder,
      change: (body) => void list.update(0, body as Recipe),
      read: () => (recorder.value.doc as unknown as unknown[])[0],
    };
  },
  'a VMap in a recipe'() {
    const recorder = createRecorder({ doc: new VMap<Doc>({ doc: start() }), fill });
    return {
      recorder,
      change: (body) => recorder.update((d) => void d.doc.update('doc', body as Recipe)),
      read: () => (recorder.value.doc as unknown as Record<string, unknown>).doc,
    };
  },
};

describe.each(Object.entries(ways))('ordinary JavaScript by %s', (_, create) => {
  it('makes the value that a plain object has, or a coded error', { timeout: timeout * 2 }, async () => {
    let failures = 0;
    let programs = 0;
    const property = fc.asyncProperty(fc.array(program, { minLength: 1, maxLength: 3 }), async (all) => {
      const errors: unknown[] = [];
      const { recorder, change, read = () => recorder.value.doc } = create((error) => errors.push(error));
      let client = json(recorder.value);
      let plain = start();
      for (const each of all) {
        programs++;
        const expected = json(plain) as Doc;
        run(each, expected);
        try {
          change((doc) => run(each, doc));
        } catch (error) {
          errors.push(error);
        }
        const now = read();
        for (const error of errors)
          expect([error, isVeloxError(error, 'stale-object')]).toEqual([error, true]);
        const isUndone = errors.length > 0;
        // Writes to a live value before the error stay, so there is nothing to compare it with.
        if (isUndone) failures++;
        plain = isUndone ? (json(now) as Doc) : (json(expected) as Doc);
        expect(canonical(now)).toBe(canonical(plain));
        const patch = recorder.take();
        if (patch !== undefined) client = apply(client, JSON.parse(patch) as Operation[]);
        expect(canonical(client)).toBe(canonical(recorder.value));
        errors.length = 0;
        await Promise.resolve(); // the tick ends
      }
    });
    await fc.assert(property, { numRuns });
    expect(failures).toBeLessThan(programs / 2); // or nothing would have been compared
  });
});
