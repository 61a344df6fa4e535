import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inline } from './inline.js';

it('evaluates to the same value within a script and never ends that', () => {
  const nasty = fc.constantFrom(
    '__proto__',
    '</script>',
    '<!--',
    '<script',
    '\u2028',
    '\u2029',
    '\\',
    '"',
    '\ud800',
  );
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      nasty,
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.array(tie('value')),
      fc.dictionary(nasty, tie('value')),
    ),
  })).value;
  fc.assert(
    fc.property(value, (each) => {
      const text = inline(each);
      expect(text).not.toMatch(/[<\u2028\u2029]/);
      const read: unknown = runInNewContext(`(${text})`);
      expect(JSON.stringify(read)).toBe(JSON.stringify(each));
    }),
  );
});

it('keeps undefined, and refuses functions and symbols', () => {
  expect(inline(undefined)).toBe('undefined');
  for (const value of [() => 1, Symbol('x')]) {
    expect(() => inline(value)).toThrow(expect.objectContaining({ code: 'not-json' }));
  }
});
