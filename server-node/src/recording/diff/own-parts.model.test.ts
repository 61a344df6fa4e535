import fc from 'fast-check';
import { expect, it } from 'vitest';
import { json, patched } from '../../../test/rig/documents.js';
import { createRecorder } from '../recorder.js';

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
  if (plan instanceof Part) return own[plan.at % own.length] ?? null;
  if (Array.isArray(plan)) return plan.map((each) => realise(each, own));
  if (typeof plan !== 'object' || plan === null) return plan;
  return Object.fromEntries(Object.entries(plan).map(([key, each]) => [key, realise(each, own)]));
}

it('a value made of parts of the present one is taken as it is when it is given', () => {
  const step = fc.record({ plan, isWritten: fc.boolean(), isTaken: fc.boolean() });
  fc.assert(
    fc.property(document, fc.array(step, { minLength: 1, maxLength: 4 }), (initial, steps) => {
      const recorder = createRecorder<unknown>({ initial });
      let client = json(recorder.value);
      for (const { plan, isWritten, isTaken } of steps) {
        if (isWritten) {
          recorder.update((draft) => {
            const all = containers(draft);
            const last = all.at(-1);
            if (Array.isArray(last)) last.push(3);
            else if (last) Object.assign(last, { b: 3 });
          });
        }
        const next = realise(plan, containers(recorder.value));
        const wanted = json(next);
        recorder.reconcile(next);
        expect(recorder.value).toEqual(wanted);
        if (!isTaken) continue;
        client = patched(client, recorder.take() ?? '[]');
        expect(client).toEqual(wanted);
      }
    }),
    { numRuns: 2_000 },
  );
});
