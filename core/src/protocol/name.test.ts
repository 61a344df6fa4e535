import { expect, it } from 'vitest';
import { isName } from './name.js';

it.each(['', 'a', 'ünï 名前 🎉', '$join', 'a/b', '__proto__', 'x'.repeat(1_000)])('%j is a name', (value) => {
  expect(isName(value)).toBe(true);
});

it.each([
  undefined,
  null,
  1,
  {},
  Symbol('x'),
  'a\nb',
  '\u0000',
  '\u007f',
  '\u0085',
  '\ud83c',
  'x'.repeat(1_001),
])('%j is no name', (value) => {
  expect(isName(value)).toBe(false);
});
