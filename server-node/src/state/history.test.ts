import fc from 'fast-check';
import { expect, it } from 'vitest';
import { History } from './history.js';

it('keeps the newest steps that are not longer than the value when it is compacted', () => {
  const history = new History(1, { revisions: 10, size: 100 });
  for (const patch of ['[1]', '[2]', '[3]']) history.add(patch, 100);
  history.compact(6);
  expect([1, 2, 3, 4].map((version) => history.since(version))).toEqual([
    undefined,
    '[2,3]',
    '[3]',
    undefined,
  ]);
  history.add('[4]', 100);
  expect(history.since(2)).toBe('[2,3,4]');
});

it('returns all operations since a version, or nothing, as a plain list of all steps would', () => {
  const step = fc.oneof(fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }), fc.constant('skip' as const));
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40, size: 'max' }),
      fc.nat(10),
      fc.nat(60),
      fc.nat(60),
      (steps, revisions, size, longest) => {
        const history = new History(1, { revisions, size });
        const all: (number[] | 'skip')[] = [];
        for (const next of steps) {
          all.push(next);
          if (next === 'skip') history.skip();
          else history.add(JSON.stringify(next), longest);
          const version = all.length + 1;
          for (let from = 0; from <= version + 1; from++) {
            const missing = all.slice(Math.max(0, from - 1));
            const found = history.since(from);
            if (found === undefined) continue;
            expect(from >= 1 && from < version && missing.length <= revisions).toBe(true);
            expect(missing).not.toContain('skip');
            expect(missing.map((step) => JSON.stringify(step)).join('').length).toBeLessThanOrEqual(
              Math.min(size, longest),
            );
            expect(JSON.parse(found)).toEqual(missing.flat());
          }
          const length = JSON.stringify(next).length;
          if (next !== 'skip' && revisions > 0 && length <= Math.min(size, longest))
            expect(history.since(version - 1)).toBeDefined();
        }
      },
    ),
  );
});
