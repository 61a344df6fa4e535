import { describe, expect, it } from 'vitest';
import { Groups } from './groups.js';

interface Item {
  readonly key: string;
}

describe('groups of values', () => {
  it('have values by key, and end with their last value', () => {
    const groups = new Groups<string, string, Item>(({ key }) => key);
    const [a, b, other] = [{ key: 'a' }, { key: 'b' }, { key: 'a' }];
    groups.add('one', a);
    groups.add('one', b);
    groups.add('two', other);
    expect([...groups.of('one')]).toEqual([a, b]);
    expect(groups.get('two', 'a')).toBe(other);
    expect([...groups.values()]).toEqual([a, b, other]);
    expect(groups.delete('one', 'a')).toBe(true);
    expect(groups.delete('one', 'a')).toBe(false);
    expect([...groups.names]).toEqual(['one', 'two']);
    expect(groups.delete('one', 'b')).toBe(true);
    expect([groups.has('one'), groups.has('two')]).toEqual([false, true]);
    expect([...groups.of('one')]).toEqual([]);
  });

  it('replace a value by one with the same key', () => {
    const groups = new Groups<string, string, Item>(({ key }) => key);
    const [former, next] = [{ key: 'a' }, { key: 'a' }];
    groups.add('one', former);
    groups.add('one', next);
    expect([...groups.of('one')]).toEqual([next]);
    expect(groups.get('one', 'a')).toBe(next);
  });
});
