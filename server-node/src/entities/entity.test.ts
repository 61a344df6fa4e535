import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { manual, setUp, turn } from '../../test/rig/entity-hub.js';
import { fetched, type Fetched } from './fetched.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('an entity', () => {
  it('fetches a row when a client wants it, and sends a delta when it changes', async () => {
    let n = 1;
    const { items, connect } = setUp({ fetch: (id) => ({ id, n, text: 'x'.repeat(100) }) });
    const client = connect();
    client.want('items/7');
    await turn();
    expect(client.take()).toMatchObject([{ topic: 'items/7', version: 1, body: { id: '7', n: 1 } }]);
    n = 2;
    items.notify('7');
    await turn();
    expect(client.take()).toMatchObject([
      { topic: 'items/7', version: 2, delta: true, body: [{ op: 'replace', path: '/n', value: 2 }] },
    ]);
    items.notify('7');
    await turn();
    expect(client.take()).toEqual([]);
  });

  it('shares one fetch among all clients, and fetches once more for changes meanwhile', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch });
    const clients = Array.from({ length: 20 }, () => connect());
    for (const client of clients) client.want('items/7');
    await turn();
    expect(calls).toHaveLength(1);
    for (let count = 0; count < 100; count++) items.notify('7');
    calls[0]?.resolve({ n: 1 });
    await turn();
    expect(calls).toHaveLength(2);
    calls[1]?.resolve({ n: 2 });
    await turn();
    expect(calls).toHaveLength(2);
    for (const client of clients) expect(client.take().at(-1)).toMatchObject({ body: { n: 2 } });
  });

  it('reads the rows of one tick by one fetchMany; absent rows are null', async () => {
    const fetchMany = vi.fn((ids: readonly string[]) =>
      Promise.resolve(new Map(ids.filter((id) => id !== '3').map((id) => [id, { id }]))),
    );
    const { connect } = setUp({ fetchMany });
    const client = connect();
    for (let id = 0; id < 300; id++) client.want(`items/${id}`);
    await turn();
    expect(fetchMany).toHaveBeenCalledTimes(1);
    const frames = client.take() as { topic: string; body: unknown }[];
    expect(frames).toHaveLength(300);
    expect(frames.find(({ topic }) => topic === 'items/3')?.body).toBeNull();
    expect(frames.find(({ topic }) => topic === 'items/4')?.body).toEqual({ id: '4' });
  });

  it('runs at most `concurrency` fetches at a time', async () => {
    const { fetch, calls } = manual<object>();
    const { items, connect } = setUp({ fetch, concurrency: 2 });
    const client = connect();
    for (let id = 0; id < 5; id++) client.want(`items/${id}`);
    await turn();
    expect(calls.map(({ id }) => id)).toEqual(['0', '1']);
    expect(items.stats()).toMatchObject({ rows: 5, fetching: 5 });
    calls[1]?.resolve({});
    await turn();
    expect(calls.map(({ id }) => id)).toEqual(['0', '1', '2']);
  });

  it('keeps the value when a fetch fails, says why, and tries again with back-off', async () => {
    let isBroken = false;
    const fetch = vi.fn(() => {
      if (isBroken) throw new Error('no database');
      return { n: fetch.mock.calls.length };
    });
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    client.take();
    isBroken = true;
    items.notify('7');
    await turn();
    expect(client.take()).toEqual([{ stale: 'fetch-failed', topic: 'items/7' }]);
    expect(items.stats().failed).toBe(1);
    await turn(500);
    expect(fetch).toHaveBeenCalledTimes(3);
    expect(client.take()).toEqual([]);
    isBroken = false;
    await turn(1_000);
    expect(client.take()).toMatchObject([{ topic: 'items/7', version: 2, body: { n: 4 } }]);
    expect(items.stats().failed).toBe(0);
  });

  it('ends `stale` by a bare position if the row is the same as before', async () => {
    let isBroken = false;
    const { items, connect } = setUp({ fetch: () => (isBroken ? Promise.reject(new Error('x')) : { n: 1 }) });
    const client = connect();
    client.want('items/7');
    await turn();
    const [{ id }] = client.take() as [{ id: string }];
    isBroken = true;
    items.notify('7');
    await turn();
    isBroken = false;
    items.notify('7');
    await turn();
    expect(client.take()).toEqual([
      { stale: 'fetch-failed', topic: 'items/7' },
      { topic: 'items/7', id, version: 1 },
    ]);
  });

  it('gives up a fetch after `timeout`, aborts it, and ignores its late answer', async () => {
    const signals: AbortSignal[] = [];
    const answers: ((row: object) => void)[] = [];
    const { items, connect } = setUp({
      timeout: 1_000,
      fetch: (_, { signal }) => {
        signals.push(signal);
        return signals.length === 1 ? { n: 1 } : new Promise<object>((resolve) => answers.push(resolve));
      },
    });
    const client = connect();
    client.want('items/7');
    await turn();
    client.take();
    items.notify('7');
    await turn(1_000);
    expect(client.take()).toEqual([{ stale: 'fetch-timeout', topic: 'items/7' }]);
    expect(signals[1]?.aborted).toBe(true);
    answers[0]?.({ n: 2 });
    await turn();
    expect(client.take()).toEqual([]);
  });

  it('refuses a row that is no JSON, and keeps the former one', async () => {
    let value: unknown = { n: 1 };
    const { items, connect } = setUp({ fetch: () => value as object });
    const client = connect();
    client.want('items/7');
    await turn();
    client.take();
    value = { n: 2n };
    items.notify('7');
    await turn();
    expect(client.take()).toEqual([{ stale: 'not-json', topic: 'items/7' }]);
  });

  it('says why there is no value yet, and sends it as soon as a fetch succeeds', async () => {
    let isBroken = true;
    const { connect } = setUp({ fetch: () => (isBroken ? Promise.reject(new Error('x')) : { n: 1 }) });
    const client = connect();
    client.want('items/7');
    await turn();
    expect(client.take()).toEqual([{ stale: 'fetch-failed', topic: 'items/7' }]);
    isBroken = false;
    await turn(3_000);
    expect(client.take()).toMatchObject([{ topic: 'items/7', body: { n: 1 } }]);
  });

  it('sends the same object again if the application has changed it', async () => {
    const row = { n: 1, list: [{ a: 1 }] };
    const { items, connect } = setUp({ fetch: () => row });
    const client = connect();
    client.want('items/7');
    await turn();
    client.take();
    row.n = 2;
    (row.list[0] as { a: number }).a = 2;
    items.notify('7');
    await turn();
    expect(client.take()).toMatchObject([{ version: 2 }]);
  });
});

describe('a row that is put', () => {
  it('reaches clients without a fetch, and overtakes a fetch under way', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    calls[0]?.resolve({ n: 1 });
    await turn();
    client.take();
    items.notify('7');
    await turn();
    items.put('7', { n: 3 });
    calls[1]?.resolve({ n: 2 });
    await turn();
    expect(client.take()).toMatchObject([{ body: { n: 3 } }]);
    expect(calls).toHaveLength(2);
  });

  it('answers clients that wait for the first fetch', async () => {
    const { fetch } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    items.put('7', { n: 1 });
    await turn();
    expect(client.take()).toMatchObject([{ body: { n: 1 } }]);
  });

  it('is ignored if no client wants it', () => {
    const { items } = setUp({ fetch: () => ({}) });
    items.put('7', {});
    expect(items.stats().rows).toBe(0);
  });
});

describe('a client that was denied a row that is forgotten since', () => {
  /** Ann was denied `items/7`, and may see it now. */
  async function deny() {
    let isAllowed = false;
    const fetch = vi.fn((): Fetched<object> => (isAllowed ? { n: 1 } : 'denied'));
    const rig = setUp<object>({ fetch });
    const ann = rig.connect('ann');
    ann.want('items/7');
    await turn(60_000);
    expect(ann.take()).toEqual([{ denied: 'items/7', code: 'forbidden' }]);
    expect(rig.items.stats().rows).toBe(0);
    isAllowed = true;
    return { ...rig, ann };
  }

  it('is asked for again by put()', async () => {
    const { items, ann } = await deny();
    items.put('7', { n: 1 });
    await turn();
    expect(ann.take()).toMatchObject([{ topic: 'items/7', body: { n: 1 } }]);
  });

  it('is asked for again if notifications may have been missed', async () => {
    const { hub, ann } = await deny();
    hub.entities.doubt('items');
    await turn(1_000);
    expect(ann.take()).toMatchObject([{ topic: 'items/7', body: { n: 1 } }]);
  });
});

describe('notifications that may have been missed', () => {
  it('cause one fetch of each row, however often that is reported, and none of later rows', async () => {
    const fetch = vi.fn((id: string) => ({ id }));
    const { hub, connect } = setUp<object>({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    for (let count = 0; count < 50; count++) hub.entities.doubt('items');
    client.want('items/8');
    await turn(1_000);
    expect(fetch.mock.calls.map(([id]) => id).sort()).toEqual(['7', '7', '8']);
  });

  it('cause fetches of the rows of all types', async () => {
    const fetch = vi.fn(() => ({}));
    const { hub, connect } = setUp<object>({ fetch });
    connect().want('items/7');
    await turn();
    hub.entities.doubtAll();
    await turn(1_000);
    expect(fetch).toHaveBeenCalledTimes(2);
  });
});

describe('time never runs backwards:', () => {
  it('a client with a foreign epoch waits for a fetch that begins after it asked', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { connect } = setUp({ fetch });
    const first = connect();
    first.want('items/7');
    await turn();
    const second = connect();
    second.want('items/7', { id: 'elsewhere', version: 9 });
    calls[0]?.resolve({ n: 1 });
    await turn();
    expect(first.take()).toMatchObject([{ body: { n: 1 } }]);
    expect(second.take()).toEqual([]);
    calls[1]?.resolve({ n: 2 });
    await turn();
    expect(second.take()).toMatchObject([{ body: { n: 2 } }]);
  });

  it('an older version of the row is ignored, from a fetch and from put', async () => {
    const versions = [5, 4, 6];
    const { items, connect } = setUp({
      fetch: () => fetched({ n: versions[0] }, { version: versions.shift() as number }),
    });
    const client = connect();
    client.want('items/7');
    await turn();
    items.notify('7');
    await turn();
    items.put('7', { n: 3 }, { version: 3 });
    await turn();
    expect(client.take()).toMatchObject([{ body: { n: 5 } }]);
    items.notify('7');
    await turn();
    expect(client.take()).toMatchObject([{ body: { n: 6 } }]);
  });

  it('a row is put with its version and related rows as a fetch returns it', async () => {
    const { hub, items, connect } = setUp({ fetch: () => ({ n: 0 }) });
    hub.entities.create('users', { fetch: () => ({ name: 'fetched' }) });
    const client = connect();
    client.want('items/7');
    await turn();
    client.take();
    items.put('7', fetched({ n: 2 }, { version: 2, related: { 'users/3': { name: 'Ann' } } }));
    items.put('7', fetched({ n: 1 }, { version: 1 }));
    client.want('users/3');
    await turn();
    expect(client.take()).toEqual([
      expect.objectContaining({ topic: 'users/3', body: { name: 'Ann' } }),
      expect.objectContaining({ topic: 'items/7', body: { n: 2 } }),
    ]);
    expect(() => items.put('7', fetched({ n: 3 }), { version: 3 })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });

  it('a fetch with a newer version than the row put meanwhile counts', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch });
    const client = connect();
    client.want('items/7');
    await turn();
    items.put('7', { n: 1 }, { version: 1 });
    calls[0]?.resolve(fetched({ n: 2 }, { version: 2 }));
    await turn();
    expect(client.take().at(-1)).toMatchObject({ body: { n: 2 } });
  });
});

describe('audiences:', () => {
  it('a row for each identity, fetched with its newest context; anonymous clients are denied', async () => {
    const fetch = vi.fn(
      (id: string, { audience, context }: { audience?: string; context?: { role?: string } }) => ({
        text: `${id} of ${audience} as ${context?.role}`,
      }),
    );
    const { connect } = setUp({ fetch, audience: 'user' });
    const [ann, bob, stranger] = [
      connect('ann', { role: 'boss' }),
      connect('bob', { role: 'clerk' }),
      connect(),
    ];
    for (const client of [ann, bob, stranger]) client.want('items/7');
    await turn();
    expect(ann.take()).toMatchObject([{ body: { text: '7 of ann as boss' } }]);
    expect(bob.take()).toMatchObject([{ body: { text: '7 of bob as clerk' } }]);
    expect(stranger.take()).toEqual([{ denied: 'items/7', code: 'unauthorized' }]);
  });

  it('put() needs an audience, and takes none if the entity has none', () => {
    const refused = expect.objectContaining({ code: 'bad-option' }) as unknown;
    const fetch = (): unknown => ({});
    const { items } = setUp({ fetch, audience: 'user' });
    expect(() => items.put('7', { n: 1 })).toThrow(refused);
    const { items: common } = setUp({ fetch });
    expect(() => common.put('7', { n: 1 }, { audience: 'ann' })).toThrow(refused);
    expect(() => common.notify('7', 'ann')).toThrow(refused);
  });

  it('after a new context nothing of the row leaves to the session before the new fetch', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { hub, items, connect } = setUp({ fetch, audience: 'user' });
    const ann = connect('ann', { role: 'boss' });
    ann.want('items/7');
    await turn();
    calls[0]?.resolve({ n: 1 });
    await turn();
    ann.take();
    ann.session.admission = { identity: 'ann', context: { role: 'clerk' } };
    void hub.recheck();
    await turn();
    items.put('7', { n: 9 }, { audience: 'bob' });
    await turn();
    expect(ann.take()).toEqual([]);
    calls[1]?.resolve({ n: 2 });
    await turn();
    expect(ann.take()).toMatchObject([{ body: { n: 2 } }]);
  });

  it('a row for each key; the fetch sees the key and no context', async () => {
    const fetch = vi.fn((id: string, who: { audience?: string }) => ({ id, lang: who.audience }));
    const { items, connect } = setUp({ fetch, audience: ({ role }) => role ?? 'none' });
    const [a, b] = [connect('ann', { role: 'de' }), connect('bob', { role: 'en' })];
    a.want('items/7');
    b.want('items/7');
    await turn();
    expect(a.take()).toMatchObject([{ body: { lang: 'de' } }]);
    expect(b.take()).toMatchObject([{ body: { lang: 'en' } }]);
    expect(fetch.mock.calls.every(([, who]) => !('context' in who))).toBe(true);
    items.notify('7', 'de');
    await turn();
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  it('a fetch may deny the row, and grant it again later', async () => {
    let isAllowed = true;
    const { items, connect } = setUp({ fetch: () => (isAllowed ? { n: 1 } : ('denied' as const)) });
    const client = connect();
    client.want('items/7');
    await turn();
    client.take();
    isAllowed = false;
    items.notify('7');
    await turn();
    expect(client.take()).toEqual([{ denied: 'items/7', code: 'forbidden' }]);
    isAllowed = true;
    items.notify('7');
    await turn();
    expect(client.take()).toMatchObject([{ topic: 'items/7', body: { n: 1 } }]);
  });
});

describe('eviction:', () => {
  it('a row is forgotten 30 s after its last client', async () => {
    const { items, connect } = setUp({ fetch: () => ({ n: 1 }) });
    const client = connect();
    client.want('items/7');
    await turn();
    client.leave('items/7');
    await turn(5_000);
    expect(items.stats()).toMatchObject({ rows: 1, watched: 0 });
    await turn(30_000);
    expect(items.stats().rows).toBe(0);
  });

  it.each([Infinity, 2 ** 40])('a row and its fetch last for options of %d ms', async (ms) => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch, timeout: ms, linger: ms, maxAge: ms });
    const client = connect();
    client.want('items/7');
    await turn(60_000);
    calls[0]?.resolve({ n: 1 });
    await turn();
    expect(client.take()).toMatchObject([{ topic: 'items/7', body: { n: 1 } }]);
    client.leave('items/7');
    await turn(60_000);
    expect(items.stats().rows).toBe(1);
    expect(calls).toHaveLength(1);
  });

  it('a fetch that answers after all clients left does not bring the row back', async () => {
    const { fetch, calls } = manual<{ n: number }>();
    const { items, connect } = setUp({ fetch, linger: 1_000, timeout: 60_000 });
    const client = connect();
    client.want('items/7');
    await turn();
    client.leave('items/7');
    await turn(10_000);
    calls[0]?.resolve({ n: 1 });
    await turn(10_000);
    expect(items.stats().rows).toBe(0);
  });

  it('beyond limits.entities the longest unwatched row is forgotten', async () => {
    const { items, connect } = setUp({ fetch: () => ({}) }, { limits: { entities: 3 } });
    const client = connect();
    for (const id of [1, 2, 3]) client.want(`items/${id}`);
    await turn();
    for (const id of [2, 1]) client.leave(`items/${id}`);
    await turn(5_000);
    client.want('items/4');
    await turn();
    expect(items.stats().rows).toBe(3);
    client.take();
    client.want('items/1');
    await turn();
    expect(items.stats().rows).toBe(3);
  });

  it('an old row is sent immediately and fetched again, and every `maxAge` while clients watch it', async () => {
    let n = 0;
    const { connect } = setUp({ fetch: () => ({ n: ++n }), maxAge: 60_000 });
    const client = connect();
    client.want('items/7');
    await turn();
    expect(client.take()).toMatchObject([{ body: { n: 1 } }]);
    await turn(60_001);
    expect(client.take()).toMatchObject([{ body: { n: 2 } }]);
    client.leave('items/7');
    await turn(130_000);
    expect(n).toBe(2);
  });
});

it('a denial that is older than `maxAge` is given immediately and asked for again', async () => {
  let isAllowed = false;
  const fetch = vi.fn((): Fetched<object> => (isAllowed ? { n: 1 } : 'denied'));
  const { connect } = setUp<object>({ fetch, maxAge: 5_000 });
  const [first, second] = [connect(), connect()];
  first.want('items/7');
  await turn(4_000);
  second.want('items/7');
  await turn(2_000);
  expect(fetch).toHaveBeenCalledTimes(1);
  isAllowed = true;
  const third = connect();
  third.want('items/7');
  await turn();
  expect(fetch).toHaveBeenCalledTimes(2);
  for (const client of [first, second, third])
    expect(client.take().at(-1)).toMatchObject({ topic: 'items/7', body: { n: 1 } });
});

describe('related rows', () => {
  it('become rows of their own entity, without a fetch', async () => {
    const { hub, items, connect } = setUp({
      fetch: (id: string) => fetched({ id, owner: '3' }, { related: { 'users/3': { name: 'Ann' } } }),
    });
    const fetchUser = vi.fn(() => ({ name: 'fetched' }));
    hub.entities.create('users', { fetch: fetchUser });
    const client = connect();
    client.want('items/7');
    await turn();
    client.take();
    client.want('users/3');
    await turn();
    expect(client.take()).toMatchObject([{ topic: 'users/3', body: { name: 'Ann' } }]);
    expect(fetchUser).not.toHaveBeenCalled();
    expect(items.stats().rows).toBe(1);
  });

  it.each([{ users: {} }, { '': {} }, null, 7])(
    'are refused if their keys are no topics of rows: %j',
    (related) => {
      expect(() => fetched({}, { related: related as never })).toThrow(
        expect.objectContaining({
          code: 'bad-option',
          message: expect.stringContaining('users/7') as string,
        }),
      );
    },
  );
});

describe('creating an entity', () => {
  it.each([
    ['', {}],
    ['a/b', { fetch: () => null }],
    ['items', { fetch: () => null }],
    ['users', {}],
  ])('refuses the type %j with %o', (type, options) => {
    const { hub } = setUp({ fetch: () => null });
    expect(() => hub.entities.create(type, options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it('refuses notify() for a type that does not exist', () => {
    const { hub } = setUp({ fetch: () => null });
    expect(() => hub.entities.notify('itmes', '7')).toThrow(expect.objectContaining({ code: 'not-found' }));
  });
});
