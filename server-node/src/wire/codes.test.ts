import fc from 'fast-check';
import { expect, it } from 'vitest';
import { closeReasonOf } from './codes.js';

it('the reason of a close frame has at most 123 bytes and whole characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (code) => {
      const reason = closeReasonOf(code);
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
      expect(code.startsWith(reason)).toBe(true);
      expect(reason).not.toMatch(/\p{Cs}$/u); // no half of a character
      if (Buffer.byteLength(code) <= 123) expect(reason).toBe(code);
    }),
  );
  expect(closeReasonOf('x'.repeat(124))).toHaveLength(123);
  expect(closeReasonOf('😀'.repeat(40))).toBe('😀'.repeat(30));
});
