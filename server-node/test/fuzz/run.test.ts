import { expect, it, vi } from 'vitest';
import { createRandom, type Random } from '../../src/testing/random.js';
import type { Entrance } from './entrances.js';
import { fuzz } from './run.js';
import type { Target } from './target.js';

const entrances = vi.hoisted((): Record<string, Entrance> => ({}));
vi.mock('./entrances.js', () => ({ ENTRANCES: entrances }));

const SEED = 1;
const isRun = (random: Random, run: number): boolean => random.next() === createRandom(SEED, run).next();

it('names the input at fault among those that attack together', async () => {
  entrances.test = (target, random, note) => {
    const isAtFault = isRun(random, 7);
    note(isAtFault ? 'bad' : 'good');
    if (isAtFault) target.problems.push('broken');
  };
  const finding = { run: 7, fault: 'broken', input: ['bad'], repeat: { first: 7, runs: 1 } };
  expect(await fuzz({ entrance: 'test', runs: 2_000, seed: SEED })).toMatchObject(finding);
  expect(await fuzz({ entrance: 'test', runs: 1, first: 7, seed: SEED })).toMatchObject(finding);
});

it('repeats the runs before an input that does harm only after them', async () => {
  const prepared = new WeakSet<Target>();
  entrances.test = (target, random, note) => {
    const draw = random.next();
    if (draw === createRandom(SEED, 503).next()) prepared.add(target);
    const isAtFault = draw === createRandom(SEED, 607).next();
    note(isAtFault ? 'bad' : 'good');
    if (isAtFault && prepared.has(target)) target.problems.push('broken');
  };
  expect(await fuzz({ entrance: 'test', runs: 2_000, seed: SEED })).toMatchObject({
    run: 607,
    input: ['bad'],
    repeat: { first: 500, runs: 108 },
  });
});

it('reports a whole batch if its inputs do harm only together', async () => {
  const counts = new WeakMap<Target, number>();
  entrances.test = async (target, _, note) => {
    const count = (counts.get(target) ?? 0) + 1;
    counts.set(target, count);
    note(`input ${count}`);
    if (count === 2) target.problems.push('broken');
    await target.settle(1);
    counts.set(target, (counts.get(target) ?? 0) - 1);
  };
  const found = await fuzz({ entrance: 'test', runs: 10, seed: SEED });
  expect(found).toMatchObject({ run: 0, fault: 'broken', repeat: { first: 0, runs: 10 } });
  expect(found?.input).toHaveLength(10);
});

it('finds an error that the server throws while an attack writes, with its trace', async () => {
  entrances.test = (_, random) => {
    if (isRun(random, 3)) throw new Error('thrown');
  };
  expect(await fuzz({ entrance: 'test', runs: 20, seed: SEED })).toMatchObject({
    run: 3,
    fault: expect.stringMatching(/^escaped: Error: thrown\n +at /) as string,
  });
});

it('finds a neighbour that was harmed', async () => {
  entrances.test = (target, random) => {
    if (isRun(random, 3)) void target.hub.close();
  };
  expect(await fuzz({ entrance: 'test', runs: 20, seed: SEED })).toMatchObject({
    run: 3,
    fault: expect.stringContaining('the neighbour got') as string,
  });
});
