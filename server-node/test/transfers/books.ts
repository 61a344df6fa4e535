import pg from 'pg';
import { postgres } from '../../src/backplanes/postgres/index.js';
import { connectionTo } from '../rig/postgres.js';
import { ledgerOf, newLedger, TOPIC, type Ledger } from './orders.js';

/** Creates the tables and the topic of a bank. */
export async function openBooks(port: number, accounts: number): Promise<void> {
  const pool = new pg.Pool(connectionTo(port));
  await pool.query('CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL)');
  await pool.query('CREATE TABLE transfers (id text PRIMARY KEY)');
  const { balances } = newLedger(accounts);
  for (const [id, balance] of balances.entries())
    await pool.query('INSERT INTO accounts VALUES ($1, $2)', [id, balance]);
  const backplane = postgres(pool);
  await backplane.log.open(TOPIC, JSON.stringify(newLedger(accounts)));
  await backplane.close();
  await pool.end();
}

/** Compares the rows with the topic, both as one moment has them. */
export class Auditor {
  readonly #pool: pg.Pool;

  constructor(port: number) {
    this.#pool = new pg.Pool({ ...connectionTo(port), max: 4 });
    // PostgreSQL is killed on purpose: also connections in use report it.
    this.#pool.on('error', () => undefined).on('connect', (client) => client.on('error', () => undefined));
  }

  /** Returns what rows and topic say. Rejects while PostgreSQL is away. */
  async audit(): Promise<{ readonly rows: Ledger; readonly topic: Ledger }> {
    const client = await this.#pool.connect();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const balances = await client.query<{ balance: number }>('SELECT balance FROM accounts ORDER BY id');
      const count = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM transfers');
      // The log reads on the connection of this transaction.
      const single = { query: client.query.bind(client), connect: () => Promise.reject(new Error('unused')) };
      const topic = ledgerOf(await postgres(single).log.open(TOPIC, 'null'));
      await client.query('COMMIT');
      client.release();
      const rows = {
        balances: balances.rows.map(({ balance }) => balance),
        transfers: count.rows[0]?.n ?? -1,
      };
      return { rows, topic };
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  /** Returns the names of all transfers that were committed. */
  async transfers(): Promise<ReadonlySet<string>> {
    const { rows } = await this.#pool.query<{ id: string }>('SELECT id FROM transfers');
    return new Set(rows.map(({ id }) => id));
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
