import { expect, it } from 'vitest';
import { move, type MoversPlan } from './movers/movers.js';

/** A proof runs all of it; every other run a small form. */
const isProof = process.env.VELOX_RUNS !== undefined;

const NOTHING = { lostUp: [], doubledUp: [], lostDown: [], doubledDown: [] };
const ALL = ['websocket', 'sse', 'polling'] as const;

it.each<Pick<MoversPlan, 'engine' | 'transports' | 'clients'> & { readonly over: string }>([
  {
    engine: 'sqlite',
    over: 'polling',
    transports: ['polling'],
    clients: isProof ? 1_000 : 24,
  },
  { engine: 'sqlite', over: 'all transports', transports: ALL, clients: isProof ? 300 : 24 },
  { engine: 'redis', over: 'all transports', transports: ALL, clients: isProof ? 150 : 12 },
  { engine: 'postgres', over: 'all transports', transports: ALL, clients: isProof ? 150 : 12 },
  { engine: 'nats', over: 'all transports', transports: ALL, clients: isProof ? 150 : 12 },
])(
  'three processes on $engine without sticky sessions lose and repeat no event of $clients clients over $over',
  async ({ over, ...given }) => {
    const { engine, clients } = given;
    const report = await move({
      ...given,
      nodes: 3,
      events: isProof ? 8 : 4,
      cuts: isProof ? 3 : 2,
    });
    const { moved, strangers, longestLag, clientLag } = report;
    process.stderr.write(
      `${JSON.stringify({ engine, over, clients, moved, strangers, longestLag, clientLag })}\n`,
    );
    expect(report).toMatchObject(NOTHING);
    expect(moved).toBeGreaterThan(clients / 20);
    // A process that stands still for 6 s counts as dead; a small run may share its machine with others.
    expect(strangers).toBeLessThanOrEqual(isProof ? 0 : clients / 10);
  },
  900_000,
);
