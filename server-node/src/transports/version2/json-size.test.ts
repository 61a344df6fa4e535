import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isLonger } from './json-size.js';
import { json, numRuns, value } from '../../../test/rig/documents.js';

it('isLonger compares the bytes of the JSON text of any value', () => {
  fc.assert(
    fc.property(value, fc.integer({ min: -2, max: 2 }), (given, off) => {
      const document = json(given) ?? null;
      const size = Buffer.byteLength(JSON.stringify(document));
      expect(isLonger(document, size + off)).toBe(off < 0);
      expect(isLonger(document, Math.floor(size / 2))).toBe(true);
    }),
    { numRuns },
  );
});

it('isLonger looks at no more of a value than the limit needs', () => {
  const trap = Object.defineProperty({ a: 'x'.repeat(50) }, 'b', {
    enumerable: true,
    get: () => expect.unreachable('looked at the second member'),
  });
  expect(isLonger([trap.a, trap], 20)).toBe(true);
});
