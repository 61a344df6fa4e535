import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { each, Lists, withLists } from './each.js';

interface Row {
  readonly id: number;
}
const row = (id: number): Row => ({ id });

/** Runs views that share their memory, and counts the rows that they project. */
function viewer(): { run: (rows: readonly Row[], audience?: unknown) => number[]; projected: number } {
  const lists = new Lists();
  const self = {
    projected: 0,
    run(rows: readonly Row[], audience: unknown = 'me') {
      const double = ({ id }: Row): number => {
        self.projected++;
        return id * 2;
      };
      return withLists(lists, () => each(rows, audience, double));
    },
  };
  return self;
}

describe('each', () => {
  it('projects only rows that have changed since the last run', () => {
    const view = viewer();
    const rows = [1, 2, 3, 4].map(row);
    expect(view.run(rows)).toEqual([2, 4, 6, 8]);
    expect(view.run(rows.with(1, row(5)))).toEqual([2, 10, 6, 8]);
    expect(view.projected).toBe(5);
  });

  it('finds rows that were moved, removed or shifted by an insertion', () => {
    const view = viewer();
    const rows = [1, 2, 3, 4].map(row);
    view.run(rows);
    const [a, b, , d] = rows as [Row, Row, Row, Row];
    expect(view.run([row(9), d, a, b])).toEqual([18, 8, 2, 4]);
    expect(view.projected).toBe(5);
  });

  it('projects each changed row once when rows far apart change and others come and go between them', () => {
    const view = viewer();
    const rows = [1, 2, 3, 4, 5].map(row);
    view.run(rows);
    expect(view.run(rows.with(0, row(6)).with(4, row(7)))).toEqual([12, 4, 6, 8, 14]);
    expect(view.projected).toBe(7);
    const [, b, c, d] = rows as [Row, Row, Row, Row];
    expect(view.run([b, c, d, row(8)])).toEqual([4, 6, 8, 16]);
    expect(view.projected).toBe(8);
    expect(view.run([b, d])).toEqual([4, 8]);
    expect(view.run([])).toEqual([]);
    expect(view.projected).toBe(8);
  });

  it.each([
    ['audience', 'you'],
    ['value of the audience', ['me', 1]],
    ['missing audience', null],
  ])('projects all rows again for another %s', (_, audience) => {
    const view = viewer();
    const rows = [1, 2].map(row);
    view.run(rows);
    view.run(rows, audience);
    expect(view.projected).toBe(4);
  });

  it('keeps two lists of one view apart by the text of their projection', () => {
    const lists = new Lists();
    const rows = [1, 2].map(row);
    const run = (all: readonly Row[]): unknown =>
      withLists(lists, () => [each(all, 'me', ({ id }) => id), each(all, 'me', ({ id }) => -id)]);
    run(rows);
    expect(run([...rows, row(3)])).toEqual([
      [1, 2, 3],
      [-1, -2, -3],
    ]);
  });

  it('remembers nothing of two lists that have the same text, rows and audience', () => {
    const lists = new Lists();
    const rows = [{ a: 1, b: 2 }];
    const run = (...names: readonly ('a' | 'b')[]): unknown =>
      withLists(lists, () => names.map((name) => each(rows, 'me', (each) => each[name])));
    expect(run('a', 'b')).toEqual([[1], [2]]);
    expect(run('b', 'a')).toEqual([[2], [1]]);
  });

  it('returns a new list each time, which the view may sort', () => {
    const view = viewer();
    const rows = [3, 1, 2].map(row);
    view.run(rows).sort();
    expect(view.run(rows)).toEqual([6, 2, 4]);
  });

  it('projects all rows outside of a view, and for a bound function', () => {
    let projected = 0;
    const count = function (this: number, { id }: Row): number {
      projected++;
      return id + this;
    };
    const rows = [1, 2].map(row);
    expect(each(rows, 'me', count.bind(1))).toEqual([2, 3]);
    const lists = new Lists();
    withLists(lists, () => each(rows, 'me', count.bind(1)));
    expect(withLists(lists, () => each(rows, 'me', count.bind(2)))).toEqual([3, 4]);
    expect(projected).toBe(6);
  });

  it('forgets the lists that the last run has not used', () => {
    const view = viewer();
    const rows = [1, 2].map(row);
    view.run(rows);
    view.run([], 'you');
    view.run(rows);
    expect(view.projected).toBe(4);
  });

  it('gives the result of map for any change of the rows', () => {
    const pool = Array.from({ length: 8 }, (_, id) => row(id));
    const lists = fc.array(fc.array(fc.constantFrom(...pool), { maxLength: 12 }), { maxLength: 6 });
    fc.assert(
      fc.property(lists, (versions) => {
        const view = viewer();
        for (const rows of versions) expect(view.run(rows)).toEqual(rows.map(({ id }) => id * 2));
      }),
    );
  });

  it('projects the rows alone, without an index', () => {
    const seen: unknown[][] = [];
    withLists(new Lists(), () => each([row(1)], 'me', (...all: unknown[]) => seen.push(all)));
    expect(seen).toEqual([[{ id: 1 }]]);
  });
});
