import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByKey, type OneOrMany } from './one-or-many.js';

interface Item {
  readonly key: number;
  readonly n: number;
}

const items = new ByKey<number, Item>(({ key }) => key);

describe('a field with one value or many', () => {
  it('has the content of a Map after any additions and removals', () => {
    const step = fc.record({ key: fc.nat(3), isAdded: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const model = new Map<number, Item>();
        let all: OneOrMany<number, Item>;
        steps.forEach(({ key, isAdded }, n) => {
          if (isAdded) {
            model.set(key, { key, n });
            all = items.with(all, model.get(key) as Item);
          } else {
            model.delete(key);
            all = items.without(all, key);
          }
          expect([...items.values(all)]).toEqual([...model.values()]);
          expect(items.size(all)).toBe(model.size);
          for (let each = 0; each < 4; each++) expect(items.get(all, each)).toBe(model.get(each));
        });
      }),
    );
  });

  it('is the value itself while there is one, also after there were many', () => {
    const [one, two] = [
      { key: 1, n: 1 },
      { key: 2, n: 2 },
    ];
    const many = items.with(items.with(undefined, one), two);
    expect(many).toBeInstanceOf(Map);
    expect(items.without(many, 1)).toBe(two);
    expect(items.without(two, 2)).toBeUndefined();
  });
});
