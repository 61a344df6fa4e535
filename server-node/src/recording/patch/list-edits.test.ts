import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numRuns, timeout } from '../../../test/rig/documents.js';
import { ArrayBefore } from '../tree/before.js';
import type { Lists } from '../tree/run.js';
import { listEdits, trim, type ListEdits } from './list-edits.js';

/** Takes the steps one after the other, as a client does. */
function applied(before: readonly unknown[], now: readonly unknown[], edits: ListEdits): unknown[] {
  const list = before.slice();
  for (const { from, item } of edits.removed) expect(list.splice(from, 1)).toEqual([item]);
  for (const { from, to, index } of edits.placed) {
    const moved = from === undefined ? now[index] : list.splice(from, 1)[0];
    expect(moved).toBe(now[index]);
    expect(to).toBeLessThanOrEqual(list.length);
    list.splice(to, 0, moved);
  }
  for (const { item, index } of edits.replaced) {
    expect(list[index]).toBe(item);
    list[index] = now[index];
  }
  return list;
}

function edit(
  before: readonly unknown[],
  now: readonly unknown[],
  lists: Lists = trim(before, now),
): ListEdits {
  return listEdits(lists) ?? expect.fail('not worth it?');
}

const rows = Array.from({ length: 12 }, (_, id) => ({ id }));
const list = fc.oneof(
  fc.subarray(rows).chain((some) => fc.shuffledSubarray(some, { minLength: some.length })),
  fc.array(fc.oneof(fc.nat(3), fc.constantFrom(...rows.slice(0, 2), 'a', null)), { maxLength: 12 }),
);

describe('listEdits', () => {
  it('gives edits that turn any list into any other', { timeout }, () => {
    const property = fc.property(list, list, (before, now) => {
      expect(applied(before, now, edit(before, now))).toEqual(now);
    });
    fc.assert(property, { numRuns });
  });

  it('leads there from a record of splices, too', { timeout }, () => {
    const splice = fc.tuple(fc.nat(12), fc.nat(3), fc.array(fc.constantFrom(...rows), { maxLength: 2 }));
    const property = fc.property(list, fc.array(splice, { maxLength: 6 }), (before, splices) => {
      const now = before.slice();
      const record = new ArrayBefore(now.length);
      for (const [at, count, items] of splices) {
        const start = Math.min(at, now.length);
        const end = Math.min(start + count, now.length);
        record.splice(now, start, end - start, items.length);
        now.splice(start, end - start, ...items);
      }
      expect(record.items(now)).toEqual(before);
      const lists = record.compare(now);
      expect(applied(before, now, edit(before, now, lists))).toEqual(now);
    });
    fc.assert(property, { numRuns });
  });

  it('keeps small changes small', () => {
    const [a, b, c, d] = rows as [object, object, object, object];
    const count = (before: object[], now: object[]): number[] => {
      const { removed, placed, replaced } = edit(before, now);
      return [removed.length, placed.length, replaced.length];
    };
    const other = {};
    expect(count(rows, [...rows.slice(-1), ...rows.slice(0, -1)])).toEqual([0, 1, 0]); // last to first
    expect(count(rows, [...rows.slice(1), ...rows.slice(0, 1)])).toEqual([0, 1, 0]); // first to last
    expect(count(rows, [other, ...rows])).toEqual([0, 1, 0]);
    expect(count([a, b, c], [a, c])).toEqual([1, 0, 0]);
    expect(count([a, b, c], [a, other, c])).toEqual([0, 0, 1]);
    expect(count([a, b, c, d], [a, d, c, b])).toEqual([0, 2, 0]);
    expect(count([a, b, c, d], [b, c, d, other])).toEqual([1, 1, 0]); // a queue
    expect(count(rows, rows.toReversed())).toEqual([0, rows.length - 1, 0]);
    expect(count(rows, rows)).toEqual([0, 0, 0]);
  });

  it('asks whether so many steps are worth it', () => {
    const asked: number[] = [];
    const no = (steps: number): boolean => (asked.push(steps), false);
    expect(listEdits(trim([1, 2, 3], [4, 3, 2, 1, 5]), no)).toBeUndefined();
    expect(asked).toEqual([4]);
  });
});

describe('ArrayBefore', () => {
  it('is as good when there are too many pieces', () => {
    const before = Array.from({ length: 400 }, (_, index) => index);
    const now: unknown[] = before.slice();
    const record = new ArrayBefore(now.length);
    for (let index = 0; index < now.length; index += 2) {
      record.splice(now, index, 1, 1);
      now[index] = 'new';
    }
    expect(record.compare(now)).toBeUndefined();
    expect(record.items(now)).toEqual(before);
    expect(record.length).toBe(400);
  });
});
