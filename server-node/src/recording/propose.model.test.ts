import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { act, action, DRAFT } from '../../test/rig/actions.js';
import { canonical, document, json, numRuns, patched, timeout } from '../../test/rig/documents.js';
import { createRecorder, type Recorder } from './recorder.js';

/** All containers of a value, in the order of a walk that ignores the order of keys. */
function containers(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  const keys = Object.keys(value).sort();
  return [value, ...keys.flatMap((key) => containers((value as Record<string, unknown>)[key]))];
}

/** All that can be seen of a recorder. */
function seen(recorder: Recorder<unknown>): unknown[] {
  return [canonical(recorder.value), recorder.dirty, recorder.size];
}

const recipe = fc
  .record({
    actions: fc.array(action(), { minLength: 1, maxLength: 5 }),
    isThrown: fc.boolean(),
    isNested: fc.boolean(),
  })
  .map(({ actions, isThrown, isNested }) => {
    const run = (root: unknown): void => {
      for (const one of actions) act(DRAFT, root, one);
    };
    return { actions, isThrown, isNested, run };
  });

const fail = (): never => {
  throw new RangeError('on purpose');
};

describe('propose()', () => {
  it('returns the patch that update() and take() make, and leaves everything as it was', { timeout }, () => {
    const property = fc.property(
      document,
      fc.array(recipe, { maxLength: 2 }),
      fc.boolean(),
      fc.boolean(),
      recipe,
      (initial, earlier, isTaken, isFrozen, { run, isThrown, isNested }) => {
        let changes = 0;
        const recorder = createRecorder<unknown>(initial, {}, { onChange: () => changes++ });
        const twin = createRecorder<unknown>(initial);
        for (const each of [recorder, twin]) {
          for (const before of earlier) each.update(before.run);
          if (isTaken) each.take();
        }
        if (isFrozen) containers(recorder.value).forEach((part) => Object.freeze(part));
        const before = seen(recorder);
        const objects = containers(recorder.value);
        const changesBefore = changes;
        if (isThrown) {
          expect(() => recorder.propose((draft) => (run(draft), fail()))).toThrow(RangeError);
        }
        const recipeOf = (each: Recorder<unknown>) => (draft: unknown) => {
          run(draft);
          if (isNested) expect(() => each.update((inner) => (run(inner), fail()))).toThrow(RangeError);
        };
        const proposed = recorder.propose(recipeOf(recorder));
        expect(seen(recorder)).toEqual(before);
        expect(changes).toBe(changesBefore);
        const after = containers(recorder.value);
        expect(after.every((object, index) => object === objects[index])).toBe(true);
        expect(recorder.hash()).toBe(twin.hash());
        // sends earlier changes as if nothing had been proposed
        expect(operationsOf(recorder.take())).toEqual(operationsOf(twin.take()));
        const client = json(recorder.value);
        twin.update(recipeOf(twin));
        expect(operationsOf(proposed)).toEqual(operationsOf(twin.take()));
        expect(canonical(proposed ? patched(client, proposed) : client)).toBe(canonical(twin.value));
        // and it goes on as if nothing had been proposed
        recorder.update(recipeOf(recorder));
        expect(operationsOf(recorder.take())).toEqual(operationsOf(proposed));
        expect(canonical(recorder.value)).toBe(canonical(twin.value));
      },
    );
    fc.assert(property, { numRuns });
  });

  it('inside of an update() proposes on top of the changes so far', () => {
    const recorder = createRecorder({ rows: [{ n: 1 }, { n: 2 }] });
    let proposed: string | undefined;
    recorder.update((draft) => {
      draft.rows.push({ n: 3 });
      proposed = recorder.propose((inner) => void inner.rows.shift());
      draft.rows.push({ n: 4 });
    });
    expect(parsed(proposed)).toEqual([{ op: 'remove', path: '/rows/0' }]);
    expect(json(recorder.value)).toEqual({ rows: [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }] });
    expect(recorder.take()).toBe(
      '[{"op":"add","path":"/rows/2","value":{"n":3}},{"op":"add","path":"/rows/3","value":{"n":4}}]',
    );
  });

  it('refuses an async recipe, and leaves everything as it was', () => {
    const recorder = createRecorder({ n: 1 });
    const recipe = (draft: { n: number }): unknown => Promise.resolve(draft.n++);
    expect(() => recorder.propose(recipe as () => void)).toThrow(
      expect.objectContaining({ code: 'async-recipe' }),
    );
    expect([recorder.value, recorder.dirty, recorder.take()]).toEqual([{ n: 1 }, false, undefined]);
  });
});

const parsed = (patch: string | undefined): unknown => patch && JSON.parse(patch);

/** The operations of a patch, sorted: undoing a deletion puts the key last, and patches follow the order of keys. */
const operationsOf = (patch: string | undefined): string[] =>
  ((parsed(patch) ?? []) as unknown[]).map(canonical).sort();
