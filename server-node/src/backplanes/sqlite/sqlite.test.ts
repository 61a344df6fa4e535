import Database from 'libsql';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { logContract } from '../../testing/backplane/index.js';
import { sqlite, type SqliteDatabase } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'velox-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true }));
const open = (): SqliteDatabase => new Database(join(folder, 'velox.db'));

const tests = logContract({
  connect: () => sqlite(open()),
  async wipe() {
    const database = open();
    for (const table of ['velox_head', 'velox_snapshot', 'velox_log']) database.exec(`DELETE FROM ${table}`);
    database.exec('UPDATE velox_run SET run = lower(hex(randomblob(8)))');
    return Promise.resolve();
  },
  begin() {
    const client = open();
    client.exec('BEGIN');
    const end = (sql: string) => () => Promise.resolve(void client.exec(sql));
    return Promise.resolve({ client, commit: end('COMMIT'), rollback: end('ROLLBACK') });
  },
});

describe('a log in SQLite', () => {
  for (const { title, run } of tests) it(title, run);
});
