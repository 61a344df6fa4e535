import { expect, it } from 'vitest';
import { ownInitial } from './own-initial.js';

it('returns the same copy for a value that the application may change', () => {
  const initial = { id: 'a', version: 1, body: { rows: [1] } };
  const own = ownInitial(initial);
  initial.body.rows.push(2);
  expect(own).toEqual({ id: 'a', version: 1, body: { rows: [1] } });
  expect(ownInitial(initial).body).toBe(own.body);
});

it('returns frozen and primitive values as they are', () => {
  for (const body of [Object.freeze({ n: 1 }), 'text', null, 7]) {
    const initial = { id: 'a', version: 1, body };
    expect(ownInitial(initial)).toBe(initial);
  }
});
