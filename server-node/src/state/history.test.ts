import fc from 'fast-check';
import { expect, it } from 'vitest';
import { History } from './history.js';

it('gives all operations since a version, or nothing: as a plain list of everything would', () => {
  const step = fc.oneof(fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }), fc.constant('skip' as const));
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40, size: 'max' }),
      fc.nat(10),
      fc.nat(60),
      (steps, revisions, size) => {
        const history = new History(1, { revisions, size });
        const all: (number[] | 'skip')[] = [];
        for (const next of steps) {
          all.push(next);
          if (next === 'skip') history.skip();
          else history.add(JSON.stringify(next));
          const version = all.length + 1;
          for (let from = 0; from <= version + 1; from++) {
            const missing = all.slice(Math.max(0, from - 1));
            const found = history.since(from);
            if (found === undefined) continue;
            expect(from >= 1 && from < version && missing.length <= revisions).toBe(true);
            expect(missing).not.toContain('skip');
            expect(JSON.parse(found)).toEqual(missing.flat());
          }
          const length = JSON.stringify(next).length;
          if (next !== 'skip' && revisions > 0 && length <= size)
            expect(history.since(version - 1)).toBeDefined();
        }
      },
    ),
  );
});
