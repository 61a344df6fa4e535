import { describe, expect, it } from 'vitest';
import { torture, type Plan, type Report } from './torture/torture.js';

/** A proof runs all of it; every other run a small form. */
const isProof = process.env.VELOX_RUNS !== undefined;
const plan: Omit<Plan, 'engine' | 'harm'> = isProof
  ? { nodes: 4, writers: 8, topics: 20, updates: 10_000, clients: 200 }
  : { nodes: 4, writers: 8, topics: 4, updates: 400, clients: 12 };

async function run(engine: Pick<Plan, 'engine' | 'harm'>): Promise<Report> {
  const report = await torture({ ...plan, ...engine });
  const { acknowledged, inDoubt, deltas, resumed, renewed, lost } = report;
  const figures = { ...engine, acknowledged, inDoubt, deltas, resumed, renewed, lost: lost.length };
  process.stderr.write(`${JSON.stringify(figures)}\n`);
  return report;
}

const NOTHING = { lost: [], doubled: [], undead: [], holes: [], different: [] };

describe('four servers in processes of their own, one of which is killed', { timeout: 600_000 }, () => {
  it.each([
    ['SQLite', { engine: 'sqlite', harm: 'none' }],
    ['Redis, which is killed and started again', { engine: 'redis', harm: 'kill' }],
    ['PostgreSQL, which is killed and started again', { engine: 'postgres', harm: 'kill' }],
    ['NATS, which is killed and started again', { engine: 'nats', harm: 'kill' }],
  ] as const)('lose and double no update on %s, and all clients end equal', async (_, engine) => {
    const { acknowledged, deltas, resumed, renewed, ...others } = await run(engine);
    expect(others).toMatchObject(NOTHING);
    expect(renewed).toBe(0);
    expect(acknowledged).toBeGreaterThan(plan.updates * 0.9);
    expect(resumed).toBeGreaterThan(0);
    // A small run has too few resumes for a part of them to mean anything.
    if (isProof) expect(deltas).toBeGreaterThanOrEqual(0.95);
  });

  it.runIf(isProof)('heal the end that Redis has lost', async () => {
    expect(await run({ engine: 'redis', harm: 'cut' })).toMatchObject(NOTHING);
  });

  it.runIf(isProof)('begin a new epoch if Redis has kept nothing, and all clients end equal', async () => {
    const { renewed, doubled, different } = await run({ engine: 'redis', harm: 'forget' });
    expect([renewed, doubled, different]).toEqual([plan.topics, [], []]);
  });
});
