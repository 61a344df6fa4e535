import { describe, expect, it } from 'vitest';
import { torture, type Plan, type Report } from './torture/torture.js';

/** A proof runs all of it; every other run a small form. */
const isProof = process.env.VELOX_RUNS !== undefined;
const plan: Omit<Plan, 'engine' | 'harm'> = isProof
  ? { nodes: 4, writers: 8, topics: 20, updates: 10_000, clients: 200 }
  : { nodes: 4, writers: 8, topics: 4, updates: 400, clients: 12 };
/** A failover needs writers and time, and not so many clients. */
const failover: typeof plan = { nodes: 4, writers: 8, topics: 20, updates: 2_000, clients: 40 };

async function run(engine: Pick<Plan, 'engine' | 'harm' | 'isQuiet'>): Promise<Report> {
  const size = engine.harm.startsWith('fail over') ? failover : plan;
  const report = await torture({ ...size, ...engine });
  const { acknowledged, inDoubt, deltas, resumed, renewed, healed, lost } = report;
  const figures = { ...engine, acknowledged, inDoubt, deltas, resumed, renewed, healed, lost: lost.length };
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

  it.runIf(isProof).each([
    ['a synchronous standby of PostgreSQL takes over', { engine: 'postgres', harm: 'fail over' }],
    [
      'an asynchronous standby of PostgreSQL takes over that is 0.7 s behind, and nothing was written meanwhile',
      { engine: 'postgres', harm: 'fail over behind', isQuiet: true },
    ],
    [
      'Sentinel promotes a replica that is 0.7 s behind, and nothing was written meanwhile',
      { engine: 'redis', harm: 'fail over behind', isQuiet: true },
    ],
  ] as const)('lose nothing and begin no epoch if %s', async (_, engine) => {
    const { renewed, healed, deltas, ...others } = await run(engine);
    expect(others).toMatchObject(NOTHING);
    expect(renewed).toBe(0);
    expect(deltas).toBeGreaterThanOrEqual(0.95);
    if (engine.harm === 'fail over behind') expect(healed).toBeGreaterThan(0);
  });

  it.runIf(isProof).each([
    ['an asynchronous standby of PostgreSQL takes over that is 0.7 s behind', 'postgres', 'fail over behind'],
    ['Sentinel promotes a replica', 'redis', 'fail over'],
    ['Sentinel promotes a replica that is 0.7 s behind', 'redis', 'fail over behind'],
  ] as const)('heal or report all that is lost if %s, and no client shows it', async (_, engine, harm) => {
    const { unreported, doubled, undead, different, holes, healed } = await run({ engine, harm });
    expect({ unreported, doubled, undead, different, holes }).toEqual({
      ...{ unreported: [], doubled: [], undead: [], different: [], holes: [] },
    });
    if (harm === 'fail over behind') expect(healed).toBeGreaterThan(0);
  });

  it.runIf(isProof)('append the newest revisions again that Redis has lost', async () => {
    expect(await run({ engine: 'redis', harm: 'cut' })).toMatchObject(NOTHING);
  });

  it.runIf(isProof)('begin a new epoch if Redis has kept nothing, and all clients end equal', async () => {
    const { renewed, doubled, different } = await run({ engine: 'redis', harm: 'forget' });
    expect([renewed, doubled, different]).toEqual([plan.topics, [], []]);
  });
});
