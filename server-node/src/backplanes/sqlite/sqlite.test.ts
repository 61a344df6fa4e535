import Database from 'libsql';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
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

  it('close ends its timers and leaves the database open', async () => {
    const database = new Database(join(folder, 'closed.db'));
    const backplane = sqlite(database);
    await backplane.log.open('topic', '0');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    try {
      await backplane.log.follow('topic', vi.fn(), vi.fn());
      expect(vi.getTimerCount()).toBeGreaterThan(0);
      await backplane.close();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
    expect(database.prepare('SELECT 1 AS one').get()).toMatchObject({ one: 1 });
  });
});
