import { describe, expect, it } from 'vitest';
import { joined } from './join-buffers.js';

const small = (text: string): Buffer => Buffer.from(text);
const large = Buffer.alloc(20_000, 'x');

describe('the chunks for one session', () => {
  it('is one chunk, in order, and shared by all sessions that get the same messages', () => {
    const [a, b, c] = [small('a'), small('b'), small('c')];
    const [first] = joined([a, b]);
    expect(first?.toString()).toBe('ab');
    expect(joined([a, b])[0]).toBe(first);
    expect(joined([a, c]).join('')).toBe('ac');
    expect(joined([a, b, c]).join('')).toBe('abc');
    expect(joined([a]).join('')).toBe('a');
  });

  it('is not copied if it is large', () => {
    const chunks = joined([small('a'), small('b'), large, small('c')]);
    expect(chunks.map(({ length }) => length)).toEqual([2, 20_000, 1]);
    expect(chunks[1]).toBe(large);
    expect(joined([large])[0]).toBe(large);
  });
});
