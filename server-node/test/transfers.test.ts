import { expect, it } from 'vitest';
import { bank, type Plan } from './transfers/bank.js';

/** A proof runs all of it; every other run a small form. */
const plan: Plan =
  process.env.VELOX_RUNS === undefined
    ? { nodes: 2, writers: 4, accounts: 10, transfers: 200, clients: 6, killEvery: 70 }
    : { nodes: 4, writers: 8, accounts: 20, transfers: 10_000, clients: 9, killEvery: 1_000 };

it(
  'rows and topic agree after each transaction, though servers and PostgreSQL are killed and a third is rolled back',
  { timeout: 2_400_000 },
  async () => {
    const { outcomes, audits, kills, ...faults } = await bank(plan);
    process.stderr.write(`${JSON.stringify({ outcomes, audits, kills })}\n`);
    expect(faults).toEqual({ differences: [], wrong: [], unsound: [], different: [] });
    expect(audits).toBe(plan.transfers);
    expect(outcomes['rolled back']).toBeGreaterThan(plan.transfers * 0.1);
    expect(outcomes.committed).toBeGreaterThan(plan.transfers * 0.4);
  },
);
