import { expect, it } from 'vitest';
import { formatBytes, formatDuration, formatPercent, formatRate, UNKNOWN } from './format.js';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '0.98 KiB'],
  [1024, '1.00 KiB'],
  [10_240, '10.0 KiB'],
  [102_400, '100 KiB'],
  [1_023_487, '999 KiB'],
  [1_023_488, '0.98 MiB'],
  [24_684_092 * 1024, '23.5 GiB'],
])('writes %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [59, '0 min'],
  [61 * 60, '1 h 1 min'],
  [86_399, '23 h 59 min'],
  [100 * 3600, '4 d 4 h'],
])('writes %d seconds as %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

it('marks an unknown figure', () => {
  expect([formatBytes(undefined), formatRate(undefined)]).toEqual([UNKNOWN, UNKNOWN]);
  expect([formatPercent(undefined), formatDuration(undefined)]).toEqual([UNKNOWN, UNKNOWN]);
});

it('writes rates and percentages', () => {
  expect([formatRate(0), formatRate(2048), formatRate(1.25e8)]).toEqual(['0 B/s', '2.05 kB/s', '125 MB/s']);
  expect(formatPercent(12.34, 1)).toBe('12.3 %');
});
