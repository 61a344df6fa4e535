import { expect, it } from 'vitest';
import { takesGzip } from './accept-encoding.js';

it.each([
  [undefined, false],
  ['', false],
  ['identity', false],
  ['gzip', true],
  ['gzip, deflate, br, zstd', true],
  ['br;q=1.0, GZIP;q=0.5', true],
  ['gzip;q=0', false],
  ['gzip; q=0.000, *', false],
  ['*', true],
  ['*;q=0', false],
  ['x-gzip', false],
])('Accept-Encoding: %s: %s', (header, takes) => {
  expect(takesGzip(header)).toBe(takes);
});
