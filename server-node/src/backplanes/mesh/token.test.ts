import { describe, expect, it } from 'vitest';
import { createToken, isTokenValid } from './token.js';

describe('the token of a node', () => {
  const token = createToken('secret', 1_000_000);

  it('is valid for the same secret, within a minute', () => {
    expect(isTokenValid('secret', token, 1_000_000)).toBe(true);
    expect(isTokenValid('secret', token, 1_060_000)).toBe(true);
    expect(isTokenValid('secret', token, 940_000)).toBe(true);
  });

  it('is not valid for another secret, later, or changed', () => {
    expect(isTokenValid('other', token, 1_000_000)).toBe(false);
    expect(isTokenValid('secret', token, 1_060_001)).toBe(false);
    expect(isTokenValid('secret', token.replace(/^\d+/, '2000000'), 2_000_000)).toBe(false);
    for (const wrong of ['', '..', 'NaN.x.', `${token}AA`, token.slice(0, -2)])
      expect(isTokenValid('secret', wrong, 1_000_000)).toBe(false);
  });

  it('differs each time', () => expect(createToken('secret', 1)).not.toBe(createToken('secret', 1)));
});
