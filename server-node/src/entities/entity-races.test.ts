/** The order of questions, fetches, puts and departures must never show a former row, or leave one behind. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { manual, setUp, turn } from '../../test/rig/entity-hub.js';
import type { LogEntry } from '../diagnostics/observer.js';
import { fetched, type Fetched } from './fetched.js';

const ELSEWHERE = { id: 'elsewhere', version: 9 };
const hasRole =
  (role: string) =>
  (context: unknown): boolean =>
    (context as { role?: string }).role === role;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the row of a user whose context is new', () => {
  /** Ann has the row that was fetched as boss, and is a clerk now. */
  async function demoteAnn() {
    const { fetch, calls } = manual<{ n: number }>();
    const rig = setUp({ fetch, audience: 'user' });
    const ann = rig.connect('ann', { role: 'boss' });
    ann.want('items/7');
    await turn();
    calls[0]?.resolve({ n: 1 });
    await turn();
    ann.take();
    ann.session.admission = { identity: 'ann', context: { role: 'clerk' } };
    void rig.hub.recheck();
    await turn();
    return { ...rig, ann, calls };
  }

  it('does not leave when the rights are checked again during the new fetch', async () => {
    const { hub, ann, calls } = await demoteAnn();
    void hub.recheck();
    await turn();
    expect(ann.take()).toEqual([]);
    calls[1]?.resolve({ n: 2 });
    await turn();
    expect(ann.take()).toMatchObject([{ body: { n: 2 } }]);
    expect(calls).toHaveLength(2);
  });

  it('does not leave when the new fetch fails, and comes when one succeeds', async () => {
    const { ann, calls } = await demoteAnn();
    calls[1]?.reject(new Error('no database'));
    await turn();
    expect(ann.take()).toEqual([{ stale: 'fetch-failed', topic: 'items/7' }]);
    await turn(2_000);
    calls[2]?.resolve({ n: 2 });
    await turn();
    expect(ann.take()).toMatchObject([{ body: { n: 2 } }]);
  });

  it('stays with the other sessions of the user, of which none is forgotten', async () => {
    const { hub, items, connect, ann, calls } = await demoteAnn();
    const other = connect('ann', { role: 'clerk' });
    other.want('items/7');
    await turn();
    calls[1]?.resolve({ n: 2 });
    await turn();
    calls[2]?.resolve({ n: 2 });
    await turn();
    ann.session.admission = { identity: 'ann', context: { role: 'guest' } };
    void hub.recheck(hasRole('guest'));
    await turn();
    calls.at(-1)?.reject(new Error('no database'));
    await turn(60_000);
    other.take();
    for (const call of calls) call.resolve({ n: 5 });
    await turn(60_000);
    items.notify('7');
    await turn();
    calls.at(-1)?.resolve({ n: 6 });
    await turn();
    expect(other.take().at(-1)).toMatchObject({ body: { n: 6 } });
    expect(ann.take().at(-1)).toMatchObject({ body: { n: 6 } });
  });

  it('is fetched with the newest context, also when an older session asks later', async () => {
    const fetch = vi.fn((_: string, who: { context?: { role?: string } }) => ({ role: who.context?.role }));
    const { hub, items, connect } = setUp({ fetch, audience: 'user' });
    const [before, after] = [connect('ann', { role: 'boss' }), connect('ann', { role: 'clerk' })];
    before.session.admission = { ...before.session.admission, order: 1 };
    after.session.admission = { ...after.session.admission, order: 2 };
    for (const client of [before, after]) client.want('items/7');
    await turn();
    void hub.recheck(hasRole('boss'));
    items.notify('7');
    await turn();
    expect(JSON.stringify([before.take(), after.take()])).not.toContain('boss');
    expect(fetch.mock.lastCall?.[1]).toMatchObject({ context: { role: 'clerk' } });
  });
});

describe('a client whose audience has changed, and which gets no row of the new one', () => {
  it.each([
    ['the fetch fails', 'guest'],
    ['audience() throws', 'unknown'],
  ])('does not resume in the former row by steps that it could not see: %s', async (_, other) => {
    let n = 1;
    const { hub, items, connect } = setUp<object>(
      {
        audience({ role = '' }) {
          if (role === 'unknown') throw new Error('no such role');
          return role;
        },
        fetch(_, { audience }) {
          if (audience === 'guest') throw new Error('no database');
          return { n, text: 'x'.repeat(300) };
        },
      },
      { canSubscribe: () => true },
    );
    const [ann, bob] = [connect('ann', { role: 'boss' }), connect('bob', { role: 'boss' })];
    for (const client of [ann, bob]) client.want('items/7');
    await turn();
    const [known] = ann.take() as [{ id: string; version: number; proof: string }];
    const change = async (role: string): Promise<void> => {
      ann.session.admission = { identity: 'ann', context: { role } };
      void hub.recheck();
      await turn();
    };
    await change(other);
    expect(ann.take()).toMatchObject([{ topic: 'items/7', stale: expect.any(String) as string }]);
    for (const next of [2, 3]) {
      n = next;
      items.notify('7', 'boss');
      await turn();
    }
    await change('boss');
    expect(ann.take()).toMatchObject([{ topic: 'items/7', body: { n: 3 } }]);
    const again = connect('ann', { role: 'boss' });
    again.want('items/7', { id: known.id, version: known.version, proof: known.proof });
    await turn();
    expect(again.take()).toMatchObject([{ topic: 'items/7', body: { n: 3 } }]);
  });

  it('resumes in its row if that was fetched with a former context and is still its own', async () => {
    let isBroken = false;
    let n = 1;
    const { hub, connect } = setUp<object>(
      {
        audience: 'user',
        fetch() {
          if (isBroken) throw new Error('no database');
          return { n, text: 'x'.repeat(300) };
        },
      },
      { canSubscribe: () => true },
    );
    const ann = connect('ann', { role: 'boss' });
    ann.want('items/7');
    await turn();
    ann.take();
    isBroken = true;
    ann.session.admission = { identity: 'ann', context: { role: 'clerk' } };
    void hub.recheck();
    await turn();
    isBroken = false;
    n = 2;
    await turn(3_000);
    expect(ann.take()).toMatchObject([
      { stale: 'fetch-failed' },
      { delta: true, body: [{ path: '/n', value: 2 }] },
    ]);
  });
});

describe('a row that a client waits for', () => {
  it('is kept while its last member leaves, so that the client follows it', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch, timeout: 120_000, linger: 1_000 });
    const [first, second] = [connect(), connect()];
    first.want('items/7');
    await turn();
    calls[0]?.resolve({ n: 1 });
    await turn();
    second.want('items/7', ELSEWHERE);
    first.leave('items/7');
    await turn(20_000);
    items.notify('7');
    await turn();
    calls[1]?.resolve({ n: 2 });
    await turn();
    calls[2]?.resolve({ n: 3 });
    await turn();
    items.notify('7');
    await turn();
    calls.at(-1)?.resolve({ n: 4 });
    await turn();
    expect(second.take().at(-1)).toMatchObject({ body: { n: 4 } });
  });

  it('is not replaced by a former one when the fetch fails', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { connect } = setUp({ fetch });
    const [first, second] = [connect(), connect()];
    first.want('items/7');
    await turn();
    calls[0]?.resolve({ n: 1 });
    await turn();
    second.want('items/7', ELSEWHERE);
    await turn();
    calls[1]?.reject(new Error('no database'));
    await turn();
    expect(second.take()).toEqual([{ stale: 'fetch-failed', topic: 'items/7' }]);
    await turn(2_000);
    calls[2]?.resolve({ n: 2 }); // it began before the client asked again
    await turn();
    expect(second.take()).toEqual([]);
    calls[3]?.resolve({ n: 3 });
    await turn();
    expect(second.take()).toMatchObject([{ body: { n: 3 } }]);
  });

  it('comes from the fetch under way if the client has no copy', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { connect } = setUp({ fetch });
    const [first, second] = [connect(), connect()];
    first.want('items/7');
    await turn();
    second.want('items/7');
    await turn();
    calls[0]?.resolve({ n: 1 });
    await turn();
    expect(second.take()).toMatchObject([{ body: { n: 1 } }]);
    expect(calls).toHaveLength(1);
  });

  it('comes as soon as a fetch for another client succeeds', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { connect } = setUp({ fetch });
    const [first, second] = [connect(), connect()];
    first.want('items/7');
    await turn();
    calls[0]?.reject(new Error('no database'));
    await turn();
    second.want('items/7');
    await turn();
    calls[1]?.resolve({ n: 1 });
    await turn();
    expect(first.take().at(-1)).toMatchObject({ body: { n: 1 } });
  });

  it('put() refuses a version of another type than the version of the row', async () => {
    const { items, connect } = setUp({ fetch: () => fetched({ n: 1 }, { version: 1 }) });
    const client = connect();
    client.want('items/7');
    await turn();
    expect(() => items.put('7', { n: 2 }, { version: '2' })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
    await turn();
    expect(client.take()).toMatchObject([{ body: { n: 1 } }]);
  });

  it('is not forgotten with a put that fails', async () => {
    const { fetch, calls } = manual<unknown>();
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    expect(() => items.put('7', 1n)).toThrow(expect.objectContaining({ code: 'not-json' }));
    calls[0]?.resolve({ n: 1 });
    await turn();
    expect(client.take()).toMatchObject([{ body: { n: 1 } }]);
  });
});

describe('a row that no client watches any more', () => {
  it('is forgotten if it is denied after the last client has left', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    calls[0]?.resolve({ n: 1 });
    await turn();
    items.notify('7');
    await turn();
    client.leave('items/7');
    calls[1]?.resolve('denied');
    await turn(60_000);
    expect(items.stats()).toMatchObject({ rows: 0 });
  });

  it('is forgotten when the related row that created it cannot be held', async () => {
    const { hub, connect } = setUp({ fetch: () => fetched({}, { related: { 'users/3': 1n } }) });
    const users = hub.entities.create('users', { fetch: () => null });
    connect().want('items/7');
    await turn(60_000);
    expect(users.stats().rows).toBe(0);
  });

  it('is not answered for an identity whose last session has ended', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch, audience: 'user', timeout: 1_000 });
    const ann = connect('ann', { role: 'boss' });
    ann.want('items/7');
    await turn();
    ann.end();
    calls[0]?.resolve({ n: 1 });
    await turn();
    const again = connect('ann', { role: 'clerk' });
    again.want('items/7');
    await turn();
    expect(again.take()).toEqual([]);
    calls[1]?.resolve({ n: 2 });
    await turn();
    expect(again.take()).toMatchObject([{ body: { n: 2 } }]);
    again.end();
    await turn(60_000);
    expect(items.stats().rows).toBe(0);
  });
});

describe('a row that changes while no client watches it', () => {
  it('is fetched for the next client, which gets the difference', async () => {
    let n = 1;
    const fetch = vi.fn(() => ({ n, text: 'x'.repeat(200) }));
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    const [{ id, version }] = client.take() as [{ id: string; version: number }];
    client.leave('items/7');
    await turn(6_000);
    n = 2;
    items.notify('7');
    await turn();
    expect(fetch).toHaveBeenCalledTimes(1);
    client.want('items/7', { id, version });
    await turn();
    expect(client.take()).toMatchObject([{ delta: true, body: [{ path: '/n', value: 2 }] }]);
  });

  it('keeps its version, so that a replica that lags cannot bring an older row', async () => {
    const versions = [5, 4, 6];
    const fetch = (): unknown => fetched({ n: versions[0] }, { version: versions.shift() as number });
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    client.leave('items/7');
    await turn(6_000);
    client.take();
    items.notify('7');
    client.want('items/7');
    await turn();
    expect(client.take()).toEqual([{ stale: 'unavailable', topic: 'items/7' }]);
    await turn(2_000);
    expect(client.take()).toMatchObject([{ body: { n: 6 } }]);
  });
});

describe('a related row', () => {
  interface Named {
    n: number;
  }

  /** Orders whose fetch brings a user along; the test gives the answers of both. */
  async function shop() {
    const orders = manual<object>();
    const users = manual<Named>();
    const { hub, connect } = setUp({ fetch: orders.fetch });
    const source = hub.entities.create('users', { fetch: users.fetch });
    const client = connect();
    client.want('items/1');
    await turn();
    const answer = (n: number): Fetched<object> => fetched({}, { related: { 'users/7': { n } } });
    return { client, source, users: users.calls, orders: orders.calls, answer };
  }

  it('does not replace a row that was fetched after it was read', async () => {
    const { client, users, orders, answer } = await shop();
    client.want('users/7');
    await turn();
    users[0]?.resolve({ n: 2 });
    await turn();
    orders[0]?.resolve(answer(1));
    await turn();
    expect(client.take().filter((frame) => JSON.stringify(frame).includes('users'))).toMatchObject([
      { body: { n: 2 } },
    ]);
  });

  it('is fetched anew if it was notified while its parent was read', async () => {
    const { client, source, users, orders, answer } = await shop();
    source.notify('7');
    orders[0]?.resolve(answer(1));
    await turn();
    client.take();
    client.want('users/7');
    await turn();
    expect(client.take()).toEqual([]);
    users[0]?.resolve({ n: 2 });
    await turn();
    expect(client.take()).toMatchObject([{ topic: 'users/7', body: { n: 2 } }]);
  });

  it('of a related row does not replace a row that was put while the first one was read', async () => {
    const orders = manual<object>();
    const { hub, connect } = setUp({ fetch: orders.fetch });
    hub.entities.create('users', { fetch: () => ({}) });
    const teams = hub.entities.create('teams', { fetch: () => ({ n: 0 }) });
    const client = connect();
    client.want('teams/5');
    client.want('items/1');
    await turn();
    teams.put('5', { n: 2 });
    const user = fetched({}, { related: { 'teams/5': { n: 1 } } });
    orders.calls[0]?.resolve(fetched({}, { related: { 'users/7': user } }));
    await turn();
    const frames = client.take().filter((frame) => JSON.stringify(frame).includes('teams/5'));
    expect(frames).toMatchObject([{ body: { n: 0 } }, { body: { n: 2 } }]);
  });

  it('updates a row that clients watch', async () => {
    const { client, users, orders, answer } = await shop();
    orders[0]?.resolve(answer(1));
    await turn();
    client.want('users/7');
    await turn();
    client.want('items/2');
    await turn();
    client.take();
    orders[1]?.resolve(answer(3));
    await turn();
    const frames = client.take().map((frame) => JSON.stringify(frame));
    expect(frames.find((frame) => frame.includes('users/7'))).toContain('"n":3');
    expect(users).toEqual([]);
  });
});

describe('a notification', () => {
  it('asks again for a denied user, while others watch the row', async () => {
    let isAllowed = false;
    const fetch = (_: string, { audience }: { audience?: string }): Fetched<object> =>
      audience === 'bob' && !isAllowed ? 'denied' : { of: audience };
    const { items, connect } = setUp<object>({ fetch, audience: 'user' });
    const [ann, bob] = [connect('ann'), connect('bob')];
    for (const client of [ann, bob]) client.want('items/7');
    await turn();
    expect(bob.take()).toEqual([{ denied: 'items/7', code: 'forbidden' }]);
    isAllowed = true;
    items.notify('7');
    await turn();
    expect(bob.take()).toMatchObject([{ body: { of: 'bob' } }]);
  });

  it('after a put causes a fetch, also during the fetch that the put has overtaken', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    items.put('7', { n: 2 });
    items.notify('7');
    calls[0]?.resolve({ n: 1 });
    await turn();
    calls[1]?.resolve({ n: 3 });
    await turn();
    expect(client.take().map((frame) => (frame as { body?: unknown }).body)).toEqual([{ n: 2 }, { n: 3 }]);
  });

  it('of another writer causes a fetch, also if the application puts an older row before it begins', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    calls[0]?.resolve({ n: 1 });
    await turn();
    items.notify('7');
    items.put('7', { n: 2 });
    await turn();
    calls[1]?.resolve({ n: 3 });
    await turn();
    expect(client.take().at(-1)).toMatchObject({ body: { n: 3 } });
  });

  it('of another writer during a fetch causes another one, also if the application puts an older row', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    items.notify('7');
    items.put('7', { n: 2 });
    calls[0]?.resolve({ n: 1 });
    await turn();
    calls[1]?.resolve({ n: 3 });
    await turn();
    expect(client.take().at(-1)).toMatchObject({ body: { n: 3 } });
  });

  it('is not needed to repeat a fetch whose denial a put has overtaken', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    items.put('7', { n: 2 });
    calls[0]?.resolve('denied');
    await turn();
    calls[1]?.resolve({ n: 3 });
    await turn();
    expect(client.take().at(-1)).toMatchObject({ body: { n: 3 } });
  });
});

describe('versions:', () => {
  it('a put without a version does not make older versions newer', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    calls[0]?.resolve(fetched({ n: 5 }, { version: 5 }));
    await turn();
    items.put('7', { n: 6 });
    items.notify('7');
    await turn();
    calls[1]?.resolve(fetched({ n: 4 }, { version: 4 }));
    await turn();
    expect(client.take().at(-1)).toMatchObject({ body: { n: 6 } });
  });

  it('a fetch that brings an older version is repeated: the replica of the database lags', async () => {
    const versions = [5, 4, 4, 6];
    const fetch = vi.fn(() => {
      const version = versions.shift() ?? 0;
      return fetched({ n: version }, { version });
    });
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    items.notify('7');
    await turn();
    await turn(3_000);
    expect(fetch).toHaveBeenCalledTimes(4);
    expect(client.take()).toMatchObject([{ body: { n: 5 } }, { body: { n: 6 } }]);
  });
});

describe('versions that fetches never reach', () => {
  it('make the row stale after 10 s and are logged, and the row is never replaced by an older one', async () => {
    const log: LogEntry[] = [];
    let version = 9;
    const { items, connect } = setUp(
      { fetch: () => fetched({ n: version }, { version }) },
      { logger: (entry) => void log.push(entry) },
    );
    const client = connect();
    client.want('items/7');
    await turn();
    version = 1; // the row was deleted and created again
    items.notify('7');
    await turn(6_000);
    expect(client.take()).toMatchObject([{ body: { n: 9 } }]);
    expect(log).toEqual([]);
    await turn(30_000);
    expect(client.take()).toEqual([{ stale: 'fetch-failed', topic: 'items/7' }]);
    expect(log[0]).toMatchObject({
      error: {
        code: 'bad-option',
        message: expect.stringContaining('row "7" have brought older versions') as string,
      },
    });
    version = 10;
    items.notify('7');
    await turn();
    expect(client.take()).toMatchObject([{ body: { n: 10 } }]);
    expect(items.stats().failed).toBe(0);
  });

  it('are forgotten when the application puts null for the deleted row', async () => {
    let version = 9;
    const { items, connect } = setUp({ fetch: () => fetched({ n: version }, { version }) });
    const client = connect();
    client.want('items/7');
    await turn();
    version = 1;
    items.put('7', null);
    items.notify('7');
    await turn();
    expect(client.take().at(-1)).toMatchObject({ body: { n: 1 } });
  });

  it('are no versions that `compare` returns no number for: clients read that the fetch failed', async () => {
    const log: LogEntry[] = [];
    let version = 1;
    const { items, connect } = setUp(
      { fetch: () => fetched({ n: version }, { version: version++ }), compare: () => NaN },
      { logger: (entry) => void log.push(entry) },
    );
    const client = connect();
    client.want('items/7');
    await turn();
    items.notify('7');
    await turn();
    expect(client.take().at(-1)).toEqual({ stale: 'fetch-failed', topic: 'items/7' });
    expect(log[0]).toMatchObject({ error: { code: 'bad-option' } });
    expect(() => items.put('7', {}, { version: 5 })).toThrow('compare() of the entity items returned NaN');
  });
});

describe('time limits:', () => {
  it('a row that fails is fetched by back-off, also if `maxAge` has passed', async () => {
    let isBroken = false;
    const fetch = vi.fn(() => {
      if (isBroken) throw new Error('no database');
      return { n: 1 };
    });
    const { items, connect } = setUp({ fetch, maxAge: 100 });
    const client = connect();
    client.want('items/7');
    await turn();
    isBroken = true;
    items.notify('7');
    await turn(60_000);
    expect(fetch.mock.calls.length).toBeLessThan(12);
  });

  it('a watched row is never older than five quarters of `maxAge`', async () => {
    const times: number[] = [];
    const fetch = (): object => ({ n: times.push(performance.now()) });
    const { items, connect } = setUp({ fetch, maxAge: 10_000 });
    connect().want('items/7');
    await turn(6_000);
    items.notify('7');
    await turn(60_000);
    const gaps = times.slice(1).map((time, at) => time - (times[at] as number));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(12_600);
    expect(gaps.length).toBeLessThan(8);
  });

  it('hub.close() aborts the fetches under way', async () => {
    const signals: AbortSignal[] = [];
    const { hub, connect } = setUp({
      fetch: (_, { signal }) => new Promise<object>(() => signals.push(signal)),
    });
    connect().want('items/7');
    await turn();
    expect(signals[0]?.aborted).toBe(false);
    hub.entities.close();
    await turn();
    expect(signals[0]?.aborted).toBe(true);
  });

  it.each([
    ['keys are neither strings nor numbers', new Map([[7n, {}]])],
    ['result is no Map', { 7: {} }],
  ])('clients read that a fetch failed if the %s of fetchMany', async (_, rows) => {
    const { connect } = setUp({ fetchMany: () => rows as unknown as Map<string, object> });
    const client = connect();
    client.want('items/7');
    await turn();
    expect(client.take()).toEqual([{ stale: 'fetch-failed', topic: 'items/7' }]);
  });
});

it('a fetch that was queued before a put and is notified again is one fetch, and a later notification is another', async () => {
  const calls: ((rows: Map<string, { n: number }>) => void)[] = [];
  const { items, connect } = setUp<{ n: number }>({
    fetchMany: () => new Promise((resolve) => calls.push(resolve)),
    concurrency: 1,
  });
  const answer = async (n: number): Promise<void> => {
    calls.at(-1)?.(new Map([['7', { n }]]));
    await turn();
  };
  const ann = connect('ann');
  ann.want('items/7');
  await turn();
  await answer(1);
  ann.take();
  items.notify('7');
  items.put('7', { n: 2 });
  items.notify('7');
  await turn();
  expect(calls).toHaveLength(2);
  items.notify('7'); // the row is 3 now
  await answer(2);
  expect(calls).toHaveLength(3);
  await answer(3);
  expect(ann.take().at(-1)).toMatchObject({ version: 3, body: { n: 3 } });
});

describe('a row whose related row takes its time to be allowed', () => {
  /** Clients of the row `items/1`, which get the row of a user along with it. */
  function setUpRelated(ms: number) {
    let n = 1;
    const rig = setUp<unknown>(
      { fetch: () => fetched({ n }, { related: { 'users/7': { name: 'Ann' } } }) },
      {
        canSubscribe: (_, topic) =>
          topic.startsWith('users/') ? new Promise((resolve) => setTimeout(resolve, ms, true)) : true,
      },
    );
    rig.hub.entities.create('users', { fetch: () => ({ name: 'Ann' }) });
    const change = async (): Promise<void> => {
      n++;
      rig.items.notify('1');
      await turn(60_000);
    };
    return { ...rig, change };
  }

  it('is followed by a client that comes back just before the row is forgotten', async () => {
    const { connect, change } = setUpRelated(100);
    const first = connect('ann');
    first.want('items/1');
    await turn(200);
    first.leave('items/1');
    await vi.advanceTimersByTimeAsync(4_950);
    const second = connect('ben');
    second.want('items/1');
    await turn(200);
    await change();
    expect(second.take().at(-1)).toMatchObject({ topic: 'items/1', version: 2, body: { n: 2 } });
  });

  it('is followed by its first client, even if that takes longer than rows without clients are kept', async () => {
    const { connect, change } = setUpRelated(6_000);
    const client = connect('ann');
    client.want('items/1');
    await turn(7_000);
    await change();
    expect(client.take().at(-1)).toMatchObject({ topic: 'items/1', version: 2, body: { n: 2 } });
  });
});
