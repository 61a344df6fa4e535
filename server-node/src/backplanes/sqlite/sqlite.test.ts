import Database from 'libsql';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { logContract } from '../../testing/backplane/index.js';
import { sqlite, type SqliteDatabase, type SqliteValue } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'velox-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true }));
const open = (): SqliteDatabase => new Database(join(folder, 'velox.db'));

interface Failing {
  text?: string | undefined;
  code?: string;
}
/** A database whose queries fail once if they contain `failing.text`. */
function openFailing(file: string, failing: Failing): SqliteDatabase {
  const database = new Database(join(folder, file));
  const check = (sql: string): void => {
    if (failing.text === undefined || !sql.includes(failing.text)) return;
    failing.text = undefined;
    throw Object.assign(new Error('disk I/O error'), { code: failing.code ?? 'SQLITE_IOERR' });
  };
  return {
    exec(sql) {
      check(sql);
      return database.exec(sql);
    },
    prepare(sql) {
      const statement = database.prepare(sql);
      const checked =
        <T>(call: (...values: SqliteValue[]) => T) =>
        (...values: SqliteValue[]): T => {
          check(sql);
          return call(...values);
        };
      return {
        run: checked((...values) => statement.run(...values)),
        get: checked((...values) => statement.get(...values)),
        all: checked((...values) => statement.all(...values)),
      };
    },
  };
}

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

  it('close during the start of its timer leaves none, and later followers share one', async () => {
    const failing: Failing = { code: 'SQLITE_BUSY' };
    const backplane = sqlite(openFailing('starting.db', failing));
    const { log } = backplane;
    await log.open('topic', '0');
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      failing.text = 'sqlite_sequence';
      const followed = log.follow('topic', vi.fn(), vi.fn());
      while (failing.text) await Promise.resolve(); // the start waits until no other connection writes
      await backplane.close();
      await followed;
      expect(vi.getTimerCount()).toBe(0);
      for (let n = 0; n < 2; n++) await log.follow('topic', vi.fn(), vi.fn());
      expect(vi.getTimerCount()).toBe(1);
      await backplane.close();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('a follower that comes while the last one leaves has a timer', async () => {
    const { log } = sqlite(new Database(join(folder, 'leaving.db')));
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      for (let turns = 0; turns < 15; turns++) {
        const leave = await log.follow('first', vi.fn(), vi.fn());
        const followed = log.follow('second', vi.fn(), vi.fn());
        for (let n = 0; n < turns; n++) await Promise.resolve();
        leave();
        const end = await followed;
        expect(vi.getTimerCount()).toBe(1);
        end();
        expect(vi.getTimerCount()).toBe(0);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it('works after a failure at its start', async () => {
    const failing = { text: 'journal_mode' };
    const { log } = sqlite(openFailing('start.db', failing));
    await expect(log.open('topic', '0')).rejects.toThrow('disk I/O error');
    expect((await log.open('topic', '0')).snapshot.value).toBe('0');
  });

  it('starts while a transaction has locked a file that has its tables', async () => {
    const file = join(folder, 'locked.db');
    const { snapshot } = await sqlite(new Database(file)).log.open('topic', '0');
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    const start = performance.now();
    expect(await sqlite(new Database(file)).log.heads(['topic'])).toEqual([snapshot.at]);
    expect(performance.now() - start).toBeLessThan(5_000);
    other.exec('ROLLBACK');
  });

  it('follows again after a failure of its start', async () => {
    const failing: Failing = {};
    const backplane = sqlite(openFailing('follow.db', failing));
    await backplane.log.open('topic', '0');
    failing.text = 'sqlite_sequence';
    await expect(backplane.log.follow('topic', vi.fn(), vi.fn())).rejects.toThrow('disk I/O error');
    await backplane.log.follow('topic', vi.fn(), vi.fn());
    await backplane.close();
  });

  it.each(['PRAGMA data_version', 'FROM velox_log l JOIN'])(
    'reports a failure of "%s", doubts, and follows on',
    async (text) => {
      const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
      const failing: Failing = {};
      const backplane = sqlite(openFailing(`${text.length}.db`, failing), { poll: 5 });
      let { at } = (await backplane.log.open('topic', '0')).snapshot;
      const heard: string[] = [];
      const doubt = vi.fn();
      await backplane.log.follow('topic', ({ tag }) => heard.push(tag), doubt);
      failing.text = text;
      for (const tag of ['a', 'b', 'c']) {
        const appended = await backplane.log.append('topic', at, [{ tag, patch: '[]' }]);
        if (appended.ok) at = appended.at;
      }
      await vi.waitFor(() => expect(heard).toEqual(['a', 'b', 'c']));
      await vi.waitFor(() => expect(doubt).toHaveBeenCalledOnce());
      expect(errors.mock.calls.map(([error]) => (error as Error).message)).toEqual(['disk I/O error']);
      errors.mockRestore();
      await backplane.close();
    },
  );

  it('rejects with the cause if SQLite has ended the transaction itself', async () => {
    const database = new Database(join(folder, 'full.db'));
    const { log } = sqlite(database);
    const { at } = (await log.open('topic', '0')).snapshot;
    database.exec('PRAGMA max_page_count = 20');
    const patch = JSON.stringify('x'.repeat(200_000));
    await expect(log.append('topic', at, [{ tag: 'a', patch }])).rejects.toThrow(/database or disk is full/);
    expect(await log.heads(['topic'])).toEqual([at]);
  });
});
