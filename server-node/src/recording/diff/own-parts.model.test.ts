import fc from 'fast-check';
import { expect, it } from 'vitest';
import { json, patched } from '../../../test/rig/documents.js';
import { createRecorder } from '../recorder.js';
import { frozenParts } from './frozen-parts.js';

const { tree: document } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(1, 2, 'a', null),
    fc.dictionary(fc.constantFrom('a', 'b', 'id'), tie('tree'), { maxKeys: 3 }),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.array(fc.record({ id: fc.constantFrom(1, 2, 3), a: tie('tree') }), { maxLength: 3 }),
  ),
}));

/** Stands for a container of the recorder's value, by its place in a walk through all of them. */
class Part {
  constructor(readonly at: number) {}
}

/** Stands for the recorder's value, with two of its members exchanged. */
class Exchange {
  constructor(
    readonly left: number,
    readonly right: number,
  ) {}
}

const exchange = fc.tuple(fc.nat(3), fc.nat(3)).map(([left, right]) => new Exchange(left, right));

const { tree: plan } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.nat(20).map((at) => new Part(at)),
    fc.constantFrom(1, 'a', null),
    fc.dictionary(fc.constantFrom('a', 'b', 'id'), tie('tree'), { maxKeys: 3 }),
    fc.array(tie('tree'), { maxLength: 4 }),
  ),
}));

function containers(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(containers)];
}

/** The value of a plan: made of the very containers of `own`, not of copies. */
function realise(plan: unknown, own: readonly object[]): unknown {
  if (plan instanceof Exchange) return exchanged(own[0] ?? null, plan);
  if (plan instanceof Part) return own[plan.at % own.length] ?? null;
  if (Array.isArray(plan)) return plan.map((each) => realise(each, own));
  if (typeof plan !== 'object' || plan === null) return plan;
  return Object.fromEntries(Object.entries(plan).map(([key, each]) => [key, realise(each, own)]));
}

function exchanged(value: unknown, { left, right }: Exchange): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
  const keys = Object.keys(copy);
  const [one = 'a', other = 'b'] = [keys[left % keys.length], keys[right % keys.length]];
  if (keys.length > 0) [copy[one], copy[other]] = [copy[other], copy[one]];
  return copy;
}

it('a value made of parts of the present one is taken as it is when it is given', () => {
  const step = fc.record({
    plan: fc.oneof(plan, exchange),
    isWritten: fc.nat(3).map((n) => n === 0),
    isTaken: fc.boolean(),
    isFrozen: fc.boolean(),
  });
  fc.assert(
    fc.property(document, fc.array(step, { minLength: 1, maxLength: 4 }), (initial, steps) => {
      const recorder = createRecorder<unknown>({ initial });
      let client = json(recorder.value);
      let previous: unknown;
      for (const { plan, isWritten, isTaken, isFrozen } of steps) {
        if (isWritten) {
          recorder.update((draft) => {
            const all = containers(draft);
            const last = all.at(-1);
            if (Array.isArray(last)) last.push(3);
            else if (last) Object.assign(last, { b: 3 });
          });
        }
        const next = realise(plan, containers(recorder.value));
        if (isFrozen) containers(next).forEach((part) => Object.freeze(part));
        const wanted = json(next);
        recorder.reconcile(next, { previous });
        previous = frozenParts(next);
        expect(recorder.value).toEqual(wanted);
        if (!isTaken) continue;
        client = patched(client, recorder.take() ?? '[]');
        expect(client).toEqual(wanted);
      }
    }),
    { numRuns: 2_000 },
  );
});
