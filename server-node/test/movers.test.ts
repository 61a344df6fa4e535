import { expect, it } from 'vitest';
import { move } from './movers/movers.js';

/** A proof runs all of it; every other run a small form. */
const isProof = process.env.VELOX_RUNS !== undefined;

const NOTHING = { lostUp: [], doubledUp: [], lostDown: [], doubledDown: [] };

it.each([
  ['polling', { transports: ['polling'], clients: isProof ? 1_000 : 24 }],
  ['all transports', { transports: ['websocket', 'sse', 'polling'], clients: isProof ? 300 : 24 }],
] as const)(
  'three processes without sticky sessions lose and repeat no event of clients over %s',
  async (_, { transports, clients }) => {
    const report = await move({
      nodes: 3,
      clients,
      transports,
      events: isProof ? 8 : 4,
      cuts: isProof ? 3 : 2,
    });
    const { moved, strangers } = report;
    process.stderr.write(`${JSON.stringify({ clients, moved, strangers })}\n`);
    expect(report).toMatchObject(NOTHING);
    expect(moved).toBeGreaterThan(clients / 20);
    // A process that stands still for 6 s counts as dead; a small run may share its machine with others.
    expect(strangers).toBeLessThanOrEqual(isProof ? 0 : clients / 10);
  },
  600_000,
);
