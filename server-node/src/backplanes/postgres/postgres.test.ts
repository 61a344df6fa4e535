import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { Channels } from './channels.js';
import { postgres, postgresSchema, type PostgresQuery } from './index.js';

interface Rows {
  readonly rows: unknown[];
}

/** A connection that notifies itself, and takes a millisecond for each query. */
class FakeClient extends EventEmitter {
  readonly texts: string[] = [];
  isReleased = false;
  constructor(readonly answer: (text: string) => Promise<void>) {
    super();
  }
  async query({ text }: PostgresQuery): Promise<Rows> {
    this.texts.push(text);
    await sleep(1);
    if (this.isReleased) throw new Error('Connection terminated');
    await this.answer(text);
    const [, channel] = /^NOTIFY "(.*)"/.exec(text) ?? [];
    if (channel) this.emit('notification', { channel });
    return { rows: [] };
  }
  release(): void {
    this.isReleased = true;
  }
}

class FakePool extends EventEmitter {
  readonly clients: FakeClient[] = [];
  readonly texts: string[] = [];
  answer: (text: string) => Promise<void> = () => Promise.resolve();
  connect(): Promise<FakeClient> {
    const client = new FakeClient((text) => this.answer(text));
    this.clients.push(client);
    return Promise.resolve(client);
  }
  query({ text }: PostgresQuery): Promise<Rows> {
    this.texts.push(text);
    return Promise.resolve({ rows: [{ done: false }] });
  }
}

describe('a backplane on a pool of PostgreSQL', () => {
  it('handles the errors of its pools, which would end the process', () => {
    const [pool, listen] = [new FakePool(), new FakePool()];
    postgres(pool, { listen });
    postgres(pool);
    for (const each of [pool, listen]) {
      expect(each.emit('error', new Error('terminating connection'))).toBe(true);
      expect(each.listenerCount('error')).toBe(1);
    }
  });

  it('close() gives its connection back and takes no other, with queries waiting', async () => {
    const pool = new FakePool();
    const backplane = postgres(pool);
    const { log } = backplane;
    const topics = Array.from({ length: 20 }, (_, n) => `${n}`);
    const ends = await Promise.all(topics.map((topic) => log.follow(topic, vi.fn(), vi.fn())));
    ends.forEach((end) => end());
    await backplane.close();
    await sleep(100);
    expect(pool.clients.map(({ isReleased }) => isReleased)).toEqual([true]);
  });

  it('close() gives a connection back that is established later', async () => {
    const pool = new FakePool();
    const backplane = postgres(pool);
    const { log } = backplane;
    const followed = log.follow('topic', vi.fn(), vi.fn());
    while (pool.clients.length === 0) await Promise.resolve();
    await Promise.all([backplane.close(), expect(followed).rejects.toMatchObject({ code: 'closed' })]);
    await vi.waitFor(() => expect(pool.clients.map(({ isReleased }) => isReleased)).toEqual([true]));
  });

  it('a connection that is lost while it is checked is not taken for a pooler', async () => {
    const pool = new FakePool();
    const backplane = postgres(pool);
    const { log } = backplane;
    pool.answer = async (text) => {
      if (!text.startsWith('NOTIFY')) return;
      pool.clients[0]?.emit('end');
      await Promise.resolve();
    };
    await expect(log.follow('topic', vi.fn(), vi.fn())).rejects.toMatchObject({ code: 'unavailable' });
    await backplane.close();
  });

  it('listens on channels of its prefix, which triggers and revisions share', async () => {
    const pool = new FakePool();
    const backplane = postgres(pool, { prefix: 'shop-staging' });
    const { bus, log } = backplane;
    const topics = ['t', 'x'.repeat(53), 'x'.repeat(100)];
    const heard: string[] = [];
    for (const topic of topics) await log.follow(topic, ({ tag }) => heard.push(tag), vi.fn());
    await bus.subscribe('changed', (data) => heard.push(data));
    const listening = pool.clients.flatMap(({ texts }) => texts).filter((text) => !text.includes(':self:'));
    const channels = listening.flatMap((text) => /^LISTEN "(.*)"$/.exec(text)?.[1] ?? []);
    expect(channels).toHaveLength(4);
    for (const channel of channels) {
      expect(channel).toMatch(/^shop-staging:/);
      expect(channel.length).toBeLessThanOrEqual(63);
      pool.clients[0]?.emit('notification', {
        channel,
        payload: `id 2 before ${channels.indexOf(channel)} []`,
      });
    }
    expect(heard).toEqual(['0', '1', '2', '2 before 3 []']);
    await log.heads([]); // looks for the function of triggers
    expect(pool.texts[0]).toContain("strpos(prosrc, '''shop-staging:bus:t-changed''') > 0");
    await backplane.close();
  });

  it('has the channels of all earlier versions without a prefix', () => {
    const channels = new Channels('velox');
    const long = `t-${'x'.repeat(55)}`;
    expect([channels.ofKey(long), channels.ofSubject('velox cast')]).toEqual([
      `velox:${long}`,
      'velox:bus:t-velox~0020cast',
    ]);
    expect(postgresSchema()).toContain("pg_notify('velox:bus:t-changed', ");
  });

  it.each(['', 'a:b', 'a"b', 'x'.repeat(14)])('refuses the prefix "%s"', (prefix) => {
    expect(() => postgres(new FakePool(), { prefix })).toThrow('1 to 13 letters');
  });
});

describe('an append that PostgreSQL answers with an error', () => {
  const after = { id: 'a', version: 1, token: 't' };

  /** The rejection of an append that is answered with an error. */
  async function rejection(error: Error): Promise<unknown> {
    const pool = new FakePool();
    vi.spyOn(pool, 'query').mockImplementation(({ name }: PostgresQuery) =>
      name === 'velox_one' ? Promise.reject(error) : Promise.resolve({ rows: [{ done: true, run: 'r' }] }),
    );
    const { log } = postgres(pool, { notify: false });
    return log.append('topic', after, [{ tag: 'x', patch: '[]' }]).catch((reason: unknown) => reason);
  }

  it.each([
    ['53100', 'could not extend file: No space left on device'],
    ['42501', 'permission denied for table velox_head'],
    ['22P05', 'unsupported Unicode escape sequence'],
  ])(
    'an append that PostgreSQL refuses with %s rejects as unavailable, with the error as its cause',
    async (code, text) => {
      const error = Object.assign(new Error(text), { code });
      expect(await rejection(error)).toMatchObject({ code: 'unavailable', cause: error });
    },
  );

  it.each(['42P01', '25006', '53300', '57P01', 'ECONNRESET'])(
    'an append that fails with %s may be repeated or be in the log',
    async (code) => {
      const error = Object.assign(new Error('failed'), { code });
      expect(await rejection(error)).toBe(error);
    },
  );
});
