import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import Database from 'libsql';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { combine, type Backplane } from '@velox/server/backplane';
import { memory } from '@velox/server/memory';
import { mesh } from '@velox/server/mesh';
import { sqlite } from '@velox/server/sqlite';
import { busContract, logContract } from '@velox/server/testing';

const folder = mkdtempSync(join(tmpdir(), 'velox-combine-'));
afterAll(() => rmSync(folder, { recursive: true }));

const open = () => new Database(join(folder, 'velox.db'));
const engine = {
  connect: (): Backplane =>
    combine({
      log: sqlite(open()),
      bus: mesh({ grpc, secret: 'a secret of some length', folder: join(folder, 'sockets') }),
    }),
  begin() {
    const client = open();
    client.exec('BEGIN');
    const end = (sql: string) => () => Promise.resolve(void client.exec(sql));
    return Promise.resolve({ client, commit: end('COMMIT'), rollback: end('ROLLBACK') });
  },
};

describe('SQLite and a mesh, combined', () => {
  for (const { title, run } of [...logContract(engine), ...busContract(engine)]) it(title, run, 60_000);
});

describe('a combined log', () => {
  const step = { tag: 'tag', patch: '[1]' };

  it('reports each revision once by the bus, though the log reports it later or never', async () => {
    const [keeps, tells] = [memory(), memory()];
    const { log } = combine({ log: keeps, bus: tells });
    const heard = vi.fn();
    const { at } = (await log.open('x', '0')).snapshot;
    const end = await log.follow('x', heard, vi.fn());
    const published: string[] = [];
    await tells.bus.subscribe('velox log x', (text) => published.push(text));
    const result = await log.append('x', at, [step]);
    await vi.waitFor(() => expect(published).toHaveLength(1));
    const revision = { ...step, at: (result as { at: unknown }).at, previous: at.token };
    expect(JSON.parse(published[0] as string)).toEqual(revision);
    expect(heard.mock.calls).toEqual([[revision]]);
    end();
  });

  it('doubts after several revisions, whose tokens the bus does not know', async () => {
    const { log } = combine({ log: memory(), bus: memory() });
    const { at } = (await log.open('x', '0')).snapshot;
    const doubt = vi.fn();
    await log.follow('x', vi.fn(), doubt);
    await log.append('x', at, [step, { ...step, tag: 'other' }]);
    await vi.waitFor(() => expect(doubt).toHaveBeenCalledOnce());
  });

  it('answers whether a topic can be loaded as its log does', async () => {
    const keeps = memory();
    const { log } = combine({ log: keeps, bus: memory() });
    expect(await log.isLoadable?.('x')).toBe(true);
    Object.assign(keeps.log, { isLoadable: (topic: string) => Promise.resolve(topic !== 'x') });
    expect(await log.isLoadable?.('x')).toBe(false);
  });

  it('resolves an append although the bus is down', async () => {
    const bus = {
      limit: 100,
      publish: () => Promise.reject(new Error('down')),
      subscribe: () => Promise.reject(new Error('down')),
    };
    const { log } = combine({ log: memory(), bus: { bus, close: () => Promise.resolve() } });
    const { at } = (await log.open('x', '0')).snapshot;
    expect((await log.append('x', at, [step])).ok).toBe(true);
  });
});
