import { describe, expect, it } from 'vitest';
import { live } from '../publish.js';
import { VMap } from './vmap.js';
import { VSlice } from './vslice.js';

interface User {
  n: number;
  tags: string[];
  last?: { n: number };
}
const ann = (): User => ({ n: 1, tags: ['a'] });
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Expression bodies return the value of their expression. */
const expressions: Record<string, (user: User) => void> = {
  'an increment': (user) => user.n++,
  'a push': (user) => user.tags.push('b'),
  'a condition that does not hold': (user) => user.n > 5 && user.tags.push('b'),
  'an assignment of an object': (user) => (user.last = { n: 2 }),
  'a default that is there already': (user) => (user.tags ??= []),
  'a deletion': (user) => delete user.last,
};

describe.each(['alone', 'in a live value'])('%s', (place) => {
  const put = <C extends object>(container: C): C =>
    place === 'alone' ? container : live({ container }).container;

  it.each(Object.entries(expressions))('an update by %s changes the entry and keeps it', (_, change) => {
    const expected = ann();
    change(expected);
    const map = put(new VMap({ ann: ann() }));
    const list = put(new VSlice([ann()]));
    expect(map.update('ann', change)).toBe(true);
    expect(list.update(0, change)).toBe(true);
    expect([plain(map), plain(list)]).toEqual([{ ann: expected }, [expected]]);
  });

  it('an update that returns a new value and writes nothing replaces the entry', () => {
    const map = put(new VMap<User | number>({ ann: ann(), n: 1 }));
    map.update('ann', () => ({ n: 9, tags: [] }));
    map.update('n', (n) => (n as number) + 1);
    expect(plain(map)).toEqual({ ann: { n: 9, tags: [] }, n: 2 });
  });

  it('a set or appended object may be written until the tick ends', () => {
    const user = ann();
    const map = put(new VMap<User>());
    const list = put(new VSlice<User>());
    map.set('ann', user);
    list.append(user);
    user.n = 7;
    user.tags.push('b');
    expect([map.get('ann')?.n, plain(list)]).toEqual([7, [{ n: 7, tags: ['a', 'b'] }]]);
  });

  it('VMap and VSlice are iterable', () => {
    const map = put(new VMap(new Map([['a', 1]])));
    const list = put(new VSlice(new VSlice([1, 2])));
    expect([[...map], [...list]]).toEqual([[['a', 1]], [1, 2]]);
  });
});
