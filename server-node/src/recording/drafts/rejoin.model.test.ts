/**
 * Parts are inserted, removed, moved and written in any order, through variables. At the end each part stands in at most one place. Then the
 * value is the one of plain objects.
 */
import fc from 'fast-check';
import fjp, { type Operation } from 'fast-json-patch';
import { describe, expect, it } from 'vitest';
import { canonical, json, numRuns, timeout } from '../../../test/rig/documents.js';
import { createRecorder, type Recorder } from '../recorder.js';

interface Part {
  id: number;
  kids: Part[];
  slots: Record<string, Part | null>;
  tags: unknown[];
  [key: string]: unknown;
}
interface Doc {
  lists: Record<string, Part[]>;
  slots: Record<string, Part | null>;
}

/** Edits are sent, and not the whole, if the whole is long. */
const part = (id: number, kids: Part[] = []): Part => ({ id, kids, slots: {}, tags: ['-'.repeat(50)] });
const fresh = (): Doc => ({
  lists: { todo: [part(0, [part(1), part(2)]), part(3), part(4)], done: [part(5)] },
  slots: { a: part(6), b: part(7, [part(8)]), c: null },
});

/** The document, and the variables of a recipe. */
interface Program {
  readonly doc: Doc;
  /** All parts, as they were read in the beginning. */
  readonly parts: readonly Part[];
  /** Parts as they were read later, in whatever place. */
  readonly held: Part[];
}

function programOf(doc: Doc): Program {
  const parts: Part[] = [];
  const visit = (one: Part | null): void => {
    if (!one) return;
    parts[one.id] = one;
    one.kids.forEach(visit);
  };
  Object.values(doc.lists).forEach((list) => list.forEach(visit));
  Object.values(doc.slots).forEach(visit);
  return { doc, parts, held: [] };
}

interface Numbers {
  readonly kind: string;
  readonly part: number;
  /** The list or the slots of a part, or of the document. */
  readonly owner: number;
  readonly name: string;
  readonly other: string;
  readonly at: number;
  readonly to: number;
  readonly stamp: number;
}

const listOf = ({ doc, parts }: Program, { owner, name }: Numbers): Part[] =>
  owner < parts.length ? parts[owner]!.kids : (doc.lists[name === 'a' ? 'todo' : 'done'] as Part[]);
const slotsOf = ({ doc, parts }: Program, { owner }: Numbers): Record<string, Part | null> =>
  owner < parts.length ? parts[owner]!.slots : doc.slots;

type Statement = (program: Program, numbers: Numbers) => unknown;

/** They put the part `part` to a place in `owner`. */
const inserts: Record<string, Statement> = {
  push: (p, n) => listOf(p, n).push(p.parts[n.part]!),
  unshift: (p, n) => listOf(p, n).unshift(p.parts[n.part]!),
  splice: (p, n) => listOf(p, n).splice(n.at, n.to % 2, p.parts[n.part]!),
  'set an item': (p, n) => {
    const list = listOf(p, n);
    if (n.at < list.length) list[n.at] = p.parts[n.part]!;
  },
  'set a slot': (p, n) => (slotsOf(p, n)[n.name] = p.parts[n.part]!),
  'spread into a list': (p, n) => {
    const name = n.name === 'a' ? 'todo' : 'done';
    p.doc.lists[name] = [...p.doc.lists[name]!, p.parts[n.part]!];
  },
  'wrap in a list': (p, n) => (p.doc.lists[n.name] = [p.parts[n.part]!]),
};

const others: Record<string, Statement> = {
  pop: (p, n) => listOf(p, n).pop(),
  remove: (p, n) => listOf(p, n).splice(n.at, 1),
  'remove two': (p, n) => listOf(p, n).splice(n.at, 2),
  'remove all': (p, n) => (listOf(p, n).length = 0),
  'filter a list': ({ doc }, { name, part: id }) => {
    const list = name === 'a' ? 'todo' : 'done';
    doc.lists[list] = doc.lists[list]!.filter((one) => one.id !== id);
  },
  'sort a copy': ({ doc }, { name }) => {
    const list = name === 'a' ? 'todo' : 'done';
    doc.lists[list] = doc.lists[list]!.toSorted((left, right) => left.id - right.id);
  },
  sort: (p, n) => listOf(p, n).sort((left, right) => right.id - left.id),
  reverse: (p, n) => listOf(p, n).reverse(),
  'empty a slot': (p, n) => {
    if (slotsOf(p, n)[n.name]) slotsOf(p, n)[n.name] = null;
  },
  'delete a slot': (p, n) => delete slotsOf(p, n)[n.name],
  'replace the slots': (p, n) => {
    const { doc } = p;
    doc.slots = Object.fromEntries(Object.entries(doc.slots).filter(([key]) => key !== n.name));
  },
  write: ({ parts }, n) => (parts[n.part]!.n = n.stamp),
  'write to the tags': ({ parts }, n) => parts[n.part]!.tags.push(n.stamp),
  'replace the tags': ({ parts }, n) => (parts[n.part]!.tags = [n.stamp]),
  'read all': ({ doc }) => JSON.stringify(doc),
  'hold an item': (p, n) => {
    const one = listOf(p, n)[n.at];
    if (one) p.held.push(one);
  },
};

/** They move what stands in a place, which must not be a copy. */
const moves: Record<string, Statement> = {
  'swap items': (p, n) => {
    const list = listOf(p, n);
    const [left, right] = [list[n.at], list[n.to]];
    if (left && right) [list[n.at], list[n.to]] = [right, left];
  },
  'swap slots': (p, n) => {
    const slots = slotsOf(p, n);
    [slots[n.name], slots[n.other]] = [slots[n.other] ?? null, slots[n.name] ?? null];
  },
  'rename a slot': (p, n) => {
    const slots = slotsOf(p, n);
    if (n.name === n.other || !slots[n.name]) return;
    slots[n.other] = slots[n.name]!;
    delete slots[n.name];
  },
  rotate: (p, n) => {
    const list = listOf(p, n);
    const [a, b, c] = list;
    if (c) [list[0], list[1], list[2]] = [b!, c, a!];
  },
  'write to a held part': ({ held }, n) => {
    const one = held[n.at % held.length];
    if (one) one.m = n.stamp;
  },
};

const statements: Record<string, Statement> = { ...inserts, ...others, ...moves };

type Place = readonly [owner: Part[] | Record<string, Part | null>, key: string];

/** The places of each part in a document of plain objects; undefined if a part is inside of itself. */
function placesOf(doc: Doc): Map<Part, Place[]> | undefined {
  const places = new Map<Part, Place[]>();
  const path = new Set<Part>();
  const visit = (owner: Place[0]): boolean =>
    Object.entries(owner).every(([key, one]: [string, Part | null]) => {
      if (!one) return true;
      if (path.has(one)) return false;
      const known = places.get(one);
      if (known) return (known.push([owner, key]), true);
      places.set(one, [[owner, key]]);
      path.add(one);
      const isTree = visit(one.kids) && visit(one.slots);
      path.delete(one);
      return isTree;
    });
  return [...Object.values(doc.lists), doc.slots].every(visit) ? places : undefined;
}

const isIn = (outer: Part, inner: Part): boolean =>
  outer === inner ||
  [...outer.kids, ...Object.values(outer.slots)].some((one) => one !== null && isIn(one, inner));

/** Whether plain objects tell the result of a statement, which they are about to run. */
function isTold(plain: Program, numbers: Numbers): boolean {
  const { kind, owner, part: id } = numbers;
  const { doc, parts, held } = plain;
  if (kind in inserts) return owner >= parts.length || !isIn(parts[id]!, parts[owner]!);
  if (!(kind in moves)) return true;
  const places = placesOf(doc)!;
  const moved =
    kind === 'write to a held part'
      ? [held[numbers.at % Math.max(held.length, 1)]]
      : kind === 'rotate' || kind === 'swap items'
        ? listOf(plain, numbers)
        : Object.values(slotsOf(plain, numbers));
  // A part around it may have a copy, too, which has a copy of it.
  if ([...places.values()].some((all) => all.length > 1)) return false;
  return moved.every((one) => !one || (places.get(one)?.length ?? 1) === 1);
}

/** The statements that take each part out of all places but one. The path to a place begins at a variable. */
function cleanUp(plain: Program, keep: number): ((program: Program) => void)[] {
  const steps: ((program: Program) => void)[] = [];
  for (;;) {
    const found = [...placesOf(plain.doc)!].find(([, places]) => places.length > 1);
    if (!found) return steps;
    const places = found[1];
    const [owner, key] = places[(keep + steps.length) % places.length]!;
    const id = plain.parts.findIndex(({ kids, slots }) => kids === owner || slots === owner);
    const name = Object.keys(plain.doc.lists).find((one) => plain.doc.lists[one] === owner);
    const isList = Array.isArray(owner);
    const step = ({ doc, parts }: Program): void => {
      const outer = id >= 0 ? parts[id]! : undefined;
      if (isList) (outer?.kids ?? doc.lists[name!]!).splice(Number(key), 1);
      else delete (outer?.slots ?? doc.slots)[key];
    };
    step(plain);
    steps.push(step);
  }
}

const numbers = fc.record({
  kind: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...Object.keys(inserts)) },
    { weight: 4, arbitrary: fc.constantFrom(...Object.keys(others)) },
    { weight: 1, arbitrary: fc.constantFrom(...Object.keys(moves)) },
  ),
  part: fc.nat(8),
  owner: fc.nat(14),
  name: fc.constantFrom('a', 'b'),
  other: fc.constantFrom('b', 'c', 'd'),
  at: fc.nat(3),
  to: fc.nat(3),
  /** Whether it is also run before, and undone. */
  fails: fc.nat(9).map((one) => one === 0),
  /** Whether the changes so far are sent then. */
  flushes: fc.nat(9).map((one) => one === 0),
});
const program = fc.array(numbers, { minLength: 2, maxLength: 14, size: 'max' });

/** Runs a program on plain objects. Returns their value, and the steps for drafts. */
function planOf(
  lines: readonly (Omit<Numbers, 'stamp'> & { fails: boolean; flushes: boolean })[],
  keep: number,
) {
  const plain = programOf(fresh());
  const steps: { run: (program: Program) => unknown; fails: boolean; flushes: boolean }[] = [];
  lines.forEach((line, index) => {
    const all = { ...line, stamp: 100 + index };
    if (!isTold(plain, all)) return;
    const run = (one: Program): unknown => statements[line.kind]!(one, all);
    run(plain);
    steps.push({ run, fails: line.fails, flushes: line.flushes });
  });
  for (const run of cleanUp(plain, keep)) steps.push({ run, fails: false, flushes: false });
  const last = ({ parts }: Program): void => parts.forEach((one, index) => (one.last = index));
  last(plain);
  steps.push({ run: last, fails: false, flushes: false });
  return { value: json(plain.doc), steps };
}
type Steps = ReturnType<typeof planOf>['steps'];

function runSteps(recorder: Recorder<Doc>, steps: Steps, doc: Doc, flush?: () => void): void {
  const all = programOf(doc);
  for (const { run, fails, flushes } of steps) {
    if (fails) {
      const held = all.held.length;
      const failing = (): never => {
        run(all);
        throw new RangeError('on purpose');
      };
      expect(() => recorder.update(failing)).toThrow('on purpose');
      all.held.length = held;
    }
    run(all);
    if (flushes) flush?.();
  }
}

const patchedBy = (value: unknown, patch: string | undefined): unknown =>
  patch === undefined
    ? value
    : fjp.applyPatch(json(value), JSON.parse(patch) as Operation[], true).newDocument;

describe('a value in which each part has at most one place at the end', () => {
  it('equals plain objects, in whatever order the parts were inserted and removed', { timeout }, () => {
    const property = fc.property(program, fc.nat(5), fc.boolean(), (lines, keep, isLive) => {
      const { value, steps } = planOf(lines, keep);
      const recorder = createRecorder(fresh());
      void recorder.size;
      let client: unknown = fresh();
      const flush = (): void => void (client = patchedBy(client, recorder.take()));
      if (isLive) runSteps(recorder, steps, recorder.live(), flush);
      else {
        const proposed = recorder.propose((draft) => runSteps(recorder, steps, draft));
        expect(canonical(recorder.value)).toBe(canonical(fresh()));
        expect(canonical(patchedBy(client, proposed))).toBe(canonical(value));
        recorder.update((draft) => runSteps(recorder, steps, draft, flush));
      }
      expect(canonical(recorder.value)).toBe(canonical(value));
      flush();
      expect(canonical(client)).toBe(canonical(value));
      expect(recorder.size).toBe(JSON.stringify(recorder.value).length);
    });
    fc.assert(property, { numRuns });
  });
});
