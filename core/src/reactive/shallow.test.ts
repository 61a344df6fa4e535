import { describe, expect, it } from 'vitest';
import { shallow } from './shallow.js';

describe('shallow', () => {
  const row = { id: 1 };

  it.each<[unknown, unknown]>([
    [1, 1],
    [NaN, NaN],
    [undefined, undefined],
    [[], []],
    [
      [row, 2],
      [row, 2],
    ],
    [
      { a: row, b: undefined },
      { b: undefined, a: row },
    ],
  ])('takes %j and %j as equal', (before, after) => {
    expect(shallow(before, after)).toBe(true);
  });

  it.each<[unknown, unknown]>([
    [1, 2],
    [0, -0],
    [null, {}],
    [undefined, null],
    [[], {}],
    [[1], [1, 2]],
    [[{ id: 1 }], [{ id: 1 }]],
    [{ a: undefined }, { b: undefined }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ toString: undefined }, { valueOf: undefined }],
  ])('takes %j and %j as different', (before, after) => {
    expect(shallow(before, after)).toBe(false);
  });
});
