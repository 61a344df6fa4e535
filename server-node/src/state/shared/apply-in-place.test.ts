import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { act, action, DRAFT } from '../../../test/rig/actions.js';
import { canonical, document, numRuns, timeout } from '../../../test/rig/documents.js';
import { createRecorder } from '../../recording/recorder.js';
import { applyInPlace } from './apply-in-place.js';

describe('applyInPlace()', () => {
  it('leads to the value of the recorder that made the patch', { timeout }, () => {
    const property = fc.property(
      document,
      fc.array(fc.array(action(), { minLength: 1, maxLength: 4 }), { maxLength: 3 }),
      (initial, recipes) => {
        const writer = createRecorder<unknown>(initial);
        const copy = createRecorder<unknown>(JSON.parse(JSON.stringify(writer.value)));
        for (const actions of recipes) {
          const patch = writer.propose((root) => actions.forEach((one) => act(DRAFT, root, one)));
          if (patch === undefined) continue;
          applyInPlace(writer, patch);
          applyInPlace(copy, patch);
          expect(canonical(copy.value)).toBe(canonical(writer.value));
          writer.take();
          copy.take();
          expect(copy.hash()).toBe(writer.hash());
        }
      },
    );
    fc.assert(property, { numRuns });
  });

  it.each([
    ['[{"op":"copy","from":"/a","path":"/b"}]', { a: [1], b: [1] }],
    ['[{"op":"test","path":"/a","value":[1]},{"op":"add","path":"/a/-","value":2}]', { a: [1, 2] }],
    ['[{"op":"add","path":"/a/-","value":2}]', { a: [1, 2] }],
    ['[{"op":"replace","path":"","value":7}]', 7],
    ['[{"op":"add","path":"","value":null}]', null],
  ])('applies %s, which no recorder writes', (patch, value) => {
    const recorder = createRecorder<unknown>({ a: [1] });
    applyInPlace(recorder, patch);
    expect(recorder.value).toEqual(value);
  });

  it.each([
    ['[{"op":"remove","path":"/b"}]', 'bad-patch'],
    ['[{"op":"replace","path":"/b","value":1}]', 'bad-patch'],
    ['[{"op":"add","path":"/a/2","value":1}]', 'bad-patch'],
    ['[{"op":"add","path":"/a/01","value":1}]', 'bad-patch'],
    ['[{"op":"add","path":"/b/c","value":1}]', 'bad-patch'],
    ['[{"op":"add","path":"b","value":1}]', 'bad-patch'],
    ['[{"op":"add","path":"/b"}]', 'bad-patch'],
    ['[{"op":"add","path":"/b","value":1},{"op":"move","from":"/c","path":"/d"}]', 'bad-patch'],
    ['[{"op":"add","path":"/__proto__/x","value":1}]', 'unsafe-key'],
    ['[{"op":"rename","path":"/a"}]', 'bad-patch'],
  ])('refuses %s, and changes nothing', (patch, code) => {
    const recorder = createRecorder<unknown>({ a: [1] });
    expect(() => applyInPlace(recorder, patch)).toThrow(expect.objectContaining({ code }));
    expect([recorder.value, recorder.dirty]).toEqual([{ a: [1] }, false]);
  });
});
