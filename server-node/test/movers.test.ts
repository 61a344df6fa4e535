import { expect, it } from 'vitest';
import { move } from './movers/movers.js';

/** A proof runs all of it; every other run a small form. */
const isProof = process.env.VELOX_RUNS !== undefined;

const NOTHING = { lostUp: [], doubledUp: [], lostDown: [], doubledDown: [], strangers: 0 };

it.each([
  ['polling', { transports: ['polling'], clients: isProof ? 1_000 : 200 }],
  ['all transports', { transports: ['websocket', 'sse', 'polling'], clients: isProof ? 300 : 60 }],
] as const)(
  'three processes without sticky sessions lose and repeat no event of clients over %s',
  async (_, { transports, clients }) => {
    const report = await move({ nodes: 3, clients, transports, events: 8, cuts: 3 });
    process.stderr.write(`${JSON.stringify({ clients, moved: report.moved })}\n`);
    expect(report).toMatchObject(NOTHING);
    expect(report.moved).toBeGreaterThan(clients / 10);
    expect(report.sessions).toBe(clients);
  },
  600_000,
);
