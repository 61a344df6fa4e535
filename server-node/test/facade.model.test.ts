/** VMap and VSlice, compared with a plain Map and array: alone, in a live value, and through the draft of a recipe. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecorder } from '../src/recording/recorder.js';
import { canonical, isContainer, json, numRuns, own, patched, timeout, value } from './rig/documents.js';
import { VMap } from '../src/state/vmap.js';
import { VSlice } from '../src/state/vslice.js';

/** The arguments of a call: numbers and names that mean the same for both. */
interface Given {
  readonly key: string;
  readonly other: string;
  readonly at: number;
  /** New at each call, so it is never shared. */
  readonly item: () => unknown;
}
/** A call of a facade, with its expected effect and result. `keeps`: a call that throws keeps its effect so far. */
interface Call<Subject, Model> {
  readonly real: (subject: Subject, given: Given) => unknown;
  readonly model: (model: Model, given: Given, keeps: boolean) => unknown;
}

class Failure extends Error {}
const fail = (): never => {
  throw new Failure();
};
const edit = (found: unknown): void => {
  if (Array.isArray(found)) found.push(1);
  else if (isContainer(found)) own(found, 'n', 1);
};
/** An update never puts a primitive in place of an object or array. */
const replaced = (old: unknown, next: unknown): unknown =>
  isContainer(old) && !isContainer(next) ? old : next;
const sorted = (entries: Iterable<unknown>): string[] => [...entries].map(canonical).sort(); // objects have an order of their own

const onMap: Record<string, Call<VMap<unknown>, Map<string, unknown>>> = {
  set: {
    real: (map, { key, item }) => map.set(key, item()),
    model: (map, { key, item }) => void map.set(key, item()),
  },
  delete: {
    real: (map, { key }) => map.delete(key),
    model: (map, { key }) => map.delete(key),
  },
  'update in place': {
    real: (map, { key }) => map.update(key, edit),
    model: (map, { key }) => (edit(map.get(key)), map.has(key)),
  },
  'update by another': {
    real: (map, { key, item }) => map.update(key, item),
    model: (map, { key, item }) => map.has(key) && !!map.set(key, replaced(map.get(key), item())),
  },
  'update that throws': {
    real: (map, { key }) => map.update(key, fail),
    model: (map, { key }) => map.has(key) && fail(),
  },
  clear: { real: (map) => map.clear(), model: (map) => map.clear() },
  read: {
    real: (map, { key }) => [map.get(key), map.has(key), map.len(), sorted(map.keys())],
    model: (map, { key }) => [map.get(key), map.has(key), map.size, sorted(map.keys())],
  },
  copy: {
    real: (map) => [canonical(map.snapshot()), sorted(map.values())],
    model: (map) => [canonical(objectOf(map)), sorted(map.values())],
  },
  range: {
    real(map) {
      const seen: unknown[] = [];
      map.range((key, found) => void seen.push([key, found]));
      return sorted(seen);
    },
    model: sorted,
  },
  'range until it is enough': {
    real(map) {
      let count = 0;
      map.range(() => ++count < 2);
      return count;
    },
    model: (map) => Math.min(map.size, 2),
  },
  batch: {
    real: (map, { key, other, item }) =>
      map.batch((content) => {
        content[key] = item();
        delete content[other];
      }),
    model: (map, { key, other, item }) => void map.set(key, item()).delete(other),
  },
  'batch that throws': {
    real: (map, { key, item }) =>
      map.batch((content) => {
        content[key] = item();
        fail();
      }),
    model(map, { key, item }, keeps) {
      if (keeps) map.set(key, item());
      fail();
    },
  },
};

const isIndex = (list: readonly unknown[], at: number): boolean => at in list;

const onSlice: Record<string, Call<VSlice<unknown>, unknown[]>> = {
  set: {
    real: (list, { item }) => list.set([item(), ...list.get().slice(1), item()]), // drawn from itself
    model: (list, { item }) => void list.splice(0, list.length, item(), ...list.slice(1), item()),
  },
  append: {
    real: (list, { item }) => list.append(item(), item()),
    model: (list, { item }) => void list.push(item(), item()),
  },
  setAt: {
    real: (list, { at, item }) => list.setAt(at, item()),
    model: (list, { at, item }) => isIndex(list, at) && !!list.splice(at, 1, item()),
  },
  deleteAt: {
    real: (list, { at }) => list.deleteAt(at),
    model: (list, { at }) => isIndex(list, at) && !!list.splice(at, 1),
  },
  'update in place': {
    real: (list, { at }) => list.update(at, edit),
    model: (list, { at }) => (edit(list[at]), isIndex(list, at)),
  },
  'update by another': {
    real: (list, { at, item }) => list.update(at, item),
    model: (list, { at, item }) => isIndex(list, at) && !!list.splice(at, 1, replaced(list[at], item())),
  },
  'update that throws': {
    real: (list, { at }) => list.update(at, fail),
    model: (list, { at }) => isIndex(list, at) && fail(),
  },
  clear: { real: (list) => list.clear(), model: (list) => void (list.length = 0) },
  read: {
    real: (list, { at }) => [list.at(at), list.len(), list.get()],
    model: (list, { at }) => [list[at], list.length, list],
  },
  range: {
    real(list, { at }) {
      const seen: unknown[] = [];
      list.range((index, item) => (seen.push([index, item]), index !== at));
      return seen;
    },
    model: (list, { at }) => [...list.entries()].slice(0, isIndex(list, at) ? at + 1 : undefined),
  },
  batch: {
    real: (list, { at, item }) => list.batch((content) => void content.reverse().splice(at, 1, item())),
    model: (list, { at, item }) => void list.reverse().splice(at, 1, item()),
  },
  'batch that throws': {
    real: (list, { item }) =>
      list.batch((content) => {
        content.unshift(item());
        fail();
      }),
    model(list, { item }, keeps) {
      if (keeps) list.unshift(item());
      fail();
    },
  },
};

function objectOf(map: ReadonlyMap<string, unknown>): object {
  const object = {};
  for (const [key, found] of map) own(object, key, found);
  return object;
}

/** The result of a call, as JSON, since a draft must not be kept; or that it threw. */
function outcome(call: () => unknown): unknown {
  try {
    return json(call());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return 'threw';
  }
}

const name = fc.constantFrom('a', 'b', 'c', '', '0', '__proto__', 'toString', 'é/~');
const step = (calls: object) =>
  fc.record({
    call: fc.constantFrom(...Object.keys(calls)),
    /** The call if the facade is part of a value. */
    by: fc.constantFrom('itself', 'itself', 'a recipe', 'a recipe that throws'),
    key: name,
    other: name,
    at: fc.constantFrom(-1, 0, 1, 2, 5, 0.5),
    value: value.map((each) => json(each) ?? null),
    flushes: fc.boolean(),
  });

/** All that is to be said of one kind of facade. */
function testFacade<Subject extends object, Model>(
  calls: Record<string, Call<Subject, Model>>,
  create: () => [subject: Subject, model: Model],
  jsonOf: (model: Model) => unknown,
): void {
  const steps = fc.array(step(calls), { maxLength: 20, size: 'max' });

  it('alone', { timeout }, () => {
    const property = fc.property(steps, (all) => {
      const [subject, model] = create();
      for (const { call, value, ...given } of all) {
        const args = { ...given, item: () => json(value) };
        const { real, model: expected } = calls[call]!;
        expect([call, outcome(() => real(subject, args))]).toEqual([
          call,
          outcome(() => expected(model, args, true)),
        ]);
        expect(canonical(json(subject))).toBe(canonical(jsonOf(model)));
      }
    });
    fc.assert(property, { numRuns });
  });

  it('in a value, whose changes reach a client', { timeout }, () => {
    const property = fc.property(steps, (all) => {
      const [box, model] = create();
      const recorder = createRecorder({ box, fill: '-'.repeat(300) });
      expect(recorder.live().box).toBe(box);
      let client = json(recorder.value);
      for (const { call, value, by, flushes, ...given } of all) {
        const args = { ...given, item: () => json(value) };
        const { real, model: expected } = calls[call]!;
        if (by === 'a recipe that throws') {
          const failing = (draft: { box: Subject }): void => (outcome(() => real(draft.box, args)), fail());
          expect(() => recorder.update(failing)).toThrow(Failure);
        } else {
          let got: unknown;
          if (by === 'itself') got = outcome(() => real(box, args));
          else recorder.update((draft) => void (got = outcome(() => real(draft.box, args))));
          expect([call, got]).toEqual([call, outcome(() => expected(model, args, false))]);
        }
        expect(canonical(recorder.value.box)).toBe(canonical(jsonOf(model)));
        expect(canonical(json(box))).toBe(canonical(jsonOf(model)));
        if (!flushes) continue;
        const patch = recorder.take();
        if (patch !== undefined) client = patched(client, patch);
        expect(canonical(client)).toBe(canonical(recorder.value));
      }
    });
    fc.assert(property, { numRuns });
  });
}

describe('a VMap is a Map', () => {
  const create = (): [VMap<unknown>, Map<string, unknown>] => [
    new VMap<unknown>({ a: { n: 0 }, b: 1 }),
    new Map<string, unknown>([
      ['a', { n: 0 }],
      ['b', 1],
    ]),
  ];
  testFacade(onMap, create, objectOf);
});

describe('a VSlice is an array', () => {
  const create = (): [VSlice<unknown>, unknown[]] => [new VSlice<unknown>([{ n: 0 }, 1]), [{ n: 0 }, 1]];
  testFacade(onSlice, create, (model) => model);
});
