/** One server of a bank: each transfer changes rows and the topic in one transaction of PostgreSQL. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { postgres } from '../../src/backplanes/postgres/index.js';
import { createHub } from '../../src/create-hub.js';
import type { NodeMessage, Numbered } from '../rig/node-process.js';
import { connectionTo } from '../rig/postgres.js';
import { newLedger, TOPIC, type Ledger, type Setup, type Transfer } from './orders.js';

const setup = JSON.parse(process.argv[2] as string) as Setup;
const pool = new pg.Pool({ ...connectionTo(setup.port), max: 12 });
// PostgreSQL is killed on purpose: also connections in use report it.
pool.on('error', () => undefined).on('connect', (client) => client.on('error', () => undefined));
const hub = createHub({
  backplane: postgres(pool),
  limits: { opensPerAddress: Infinity, sessionsPerIdentity: Infinity },
  logger: () => undefined,
});
const ledger = hub.shared<never, Ledger>(TOPIC as never, newLedger(setup.accounts));
const answer = (message: NodeMessage<never>): void => void process.send?.(message);

async function transfer({ id, from, to, amount, isRefused }: Transfer): Promise<string> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    // In the order of their numbers, as every program must that locks several rows.
    for (const account of [from, to].sort((a, b) => a - b)) {
      const change = account === from ? -amount : amount;
      await client.query('UPDATE accounts SET balance = balance + $1 WHERE id = $2', [change, account]);
    }
    await client.query('INSERT INTO transfers VALUES ($1)', [id]);
    const recipe = (draft: Ledger): void => {
      draft.balances[from] = (draft.balances[from] ?? 0) - amount;
      draft.balances[to] = (draft.balances[to] ?? 0) + amount;
      draft.transfers++;
    };
    await ledger.update(recipe, { within: client });
    await client.query(isRefused ? 'ROLLBACK' : 'COMMIT');
    client.release();
    return isRefused ? 'rolled back' : 'committed';
  } catch (error) {
    client.release(true); // which rolls back whatever was not committed
    throw error;
  }
}

process.on('message', ({ number, ...order }: Numbered<Transfer>) => {
  transfer(order).then(
    (outcome) => answer({ number, outcome }),
    (error: { code?: string }) => answer({ number, outcome: `failed: ${error.code ?? 'unknown'}` }),
  );
});
process.on('disconnect', () => process.exit());

/** Also if PostgreSQL is away while the node starts. */
async function load(): Promise<void> {
  await ledger.snapshot().catch(load);
}

const server = createServer(hub.handle as never).listen(0, '127.0.0.1', () => {
  void load().then(() => answer({ port: (server.address() as AddressInfo).port }));
});
