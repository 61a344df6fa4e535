import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { document, numRuns, timeout } from '../../../test/rig/documents.js';
import { copyIn } from '../copy.js';
import { measure, toText } from './size.js';

describe('measure', () => {
  it('gives the length of the JSON text', { timeout }, () => {
    const property = fc.property(
      fc.oneof(document, fc.json().map(parse), fc.double(), fc.string({ unit: 'binary' })),
      (given) => {
        const value = copyIn(given) ?? null;
        expect(measure(value)).toBe(JSON.stringify(value).length);
        expect(toText(value)).toBe(JSON.stringify(value));
      },
    );
    fc.assert(property, { numRuns });
  });

  it('counts the digits of numbers', { timeout }, () => {
    const decimal = fc
      .tuple(fc.maxSafeInteger(), fc.nat(18), fc.nat(6))
      .map(([digits, drop, places]) => Math.trunc(digits / 10 ** drop) / 10 ** places);
    const property = fc.property(decimal, (given) => {
      const number = copyIn(given);
      expect(measure(number)).toBe(JSON.stringify(number).length);
    });
    fc.assert(property, { numRuns });
    for (const number of [
      0, 9, 10, 999, 1000, 0.001, 0.01, 9.999, 10.5, 999_999_999_999.999, 1e12, 1e15, 1e21, 5e-324,
    ])
      expect([number, measure(-number || 0), measure(number)]).toEqual([
        number,
        String(-number || 0).length,
        String(number).length,
      ]);
  });

  it('stops at a limit', { timeout }, () => {
    const property = fc.property(document, fc.nat(300), (given, limit) => {
      const value = copyIn(given) ?? null;
      const { length } = JSON.stringify(value);
      if (length <= limit) expect(measure(value, limit)).toBe(length);
      else expect(measure(value, limit)).toBeGreaterThan(limit);
    });
    fc.assert(property, { numRuns });
    const endless = new Proxy([1], {
      get: (target, key) => (key === 'length' ? 1e9 : Reflect.get(target, 0)),
    });
    expect(measure(endless, 100)).toBeGreaterThan(100);
  });

  it('measures the content that a view shows', () => {
    const inner = { a: 1 };
    expect(measure([inner], Infinity, (container) => (container === inner ? { a: 'long' } : container))).toBe(
      14,
    );
  });
});

function parse(text: string): unknown {
  return JSON.parse(text);
}
