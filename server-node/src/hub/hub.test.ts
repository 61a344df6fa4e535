import { channel } from 'node:diagnostics_channel';
import { describe, expect, it, vi } from 'vitest';
import { Hub } from './hub.js';
import * as velox from '../index.js';
import { listen } from '../../test/rig/listen.js';
import {
  rawStream,
  rawSubscribe,
  rawWebSocket,
  type Frame,
  type RawLink,
} from '../../test/rig/raw-client.js';

const isState = (frame: Frame): boolean => 'version' in frame;
const PAD = 'x'.repeat(300);

/** A promise to be settled by the test. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

describe('topics', () => {
  it('are subscribed as a list, each from its own position, and answered in one write with hello', async () => {
    const hub = velox.createHub();
    const a = hub.state('a', { n: 1, pad: PAD });
    const b = hub.state('b', { n: 1, pad: PAD });
    a.update((draft) => void (draft.n = 2));
    await using server = await listen(hub.handle);
    const writes = countWrites(server.server);
    const link = rawSubscribe(
      server.origin,
      { topic: 'a', id: a.position().id, version: 1 },
      { topic: 'b' },
      { topic: 'c' },
    );
    expect(await link.next()).toHaveProperty('hello');
    const delta = { topic: 'a', id: a.position().id, version: 2, delta: true };
    expect(await link.next()).toMatchObject(delta);
    expect(await link.next()).toMatchObject({ topic: 'b', id: b.position().id, version: 1, body: { n: 1 } });
    expect(await link.next()).toEqual({ denied: 'c', code: 'not-found' });
    expect(writes()).toBe(2); // the handshake's answer, then all of these
  });

  it('500 on one session, 50 change in a tick: one write', async () => {
    const hub = velox.createHub();
    const states = Array.from({ length: 500 }, (_, i) => hub.state(`t${i}`, { n: 0, pad: PAD }));
    await using server = await listen(hub.handle);
    const writes = countWrites(server.server);
    const link = rawSubscribe(server.origin, ...states.map((_, i) => ({ topic: `t${i}` })));
    for (let i = 0; i < 500; i++) await link.find(isState);
    const before = writes();
    for (let i = 0; i < 500; i += 10) states[i]?.update((draft) => void (draft.n = i + 1));
    const got: unknown[] = [];
    for (let i = 0; i < 50; i++) got.push((await link.next()).topic);
    expect(got.sort()).toEqual(Array.from({ length: 50 }, (_, i) => `t${i * 10}`).sort());
    expect(writes() - before).toBe(1);
  });

  it('reach waiting clients when they appear later, and are denied once they are removed', async () => {
    const hub = velox.createHub();
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'later' });
    expect(await link.find((frame) => 'denied' in frame)).toEqual({ denied: 'later', code: 'not-found' });
    const first = hub.state('later', { n: 1 });
    expect(await link.next()).toEqual({
      topic: 'later',
      id: first.position().id,
      version: 1,
      body: { n: 1 },
    });
    const second = hub.state('later', { n: 2 });
    expect(await link.find(isState)).toEqual({
      topic: 'later',
      id: second.position().id,
      version: 1,
      body: { n: 2 },
    });
    first.update((draft) => void (draft.n = 99));
    expect(hub.remove('later')).toBe(true);
    expect(hub.remove('later')).toBe(false);
    second.update((draft) => void (draft.n = 99));
    expect(await link.next()).toEqual({ denied: 'later', code: 'not-found' });
    link.send({ ping: true });
    expect(await link.next()).toEqual({ ping: true });
  });

  it('send nothing after an unsubscribe, and start again with the next subscription', async () => {
    const hub = velox.createHub();
    const a = hub.state('a', { n: 1, pad: PAD });
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'a' });
    await link.find(isState);
    link.send({ unsubscribe: ['a'] });
    link.send({ ping: true });
    await link.find((frame) => 'ping' in frame);
    a.update((draft) => void (draft.n = 2));
    link.send({ subscribe: [{ topic: 'a', id: a.position().id, version: 1 }] });
    expect(await link.next()).toMatchObject({ topic: 'a', id: a.position().id, version: 2, delta: true });
    expect(hub.stats()).toMatchObject({ topics: 1, sessions: 1, away: 0, subscriptions: 1 });
  });

  it('are read over an event stream, one by its name', async () => {
    const hub = velox.createHub();
    hub.state('a', { n: 1 });
    await using server = await listen(hub.handle);
    expect(await rawStream(`${server.origin}?topic=a`).find(isState)).toMatchObject({
      topic: 'a',
      body: { n: 1 },
    });
    const none = rawStream(`${server.origin}?topic=none`);
    expect(await none.find((frame) => 'denied' in frame)).toEqual({ denied: 'none', code: 'not-found' });
  });
});

describe('the authorization of clients', () => {
  const hub = (): velox.Hub<velox.AnyContract, string> => {
    const created = velox.createHub<velox.AnyContract, string>({
      authorize({ token, header }) {
        const name = token ?? header('x-user');
        if (name === 'banned') throw new velox.VeloxError('forbidden', 'secret details');
        if (!name) throw new Error('secret details');
        return name;
      },
      canSubscribe: (name, topic) => topic !== name,
      identify: (name) => name,
      limits: { sessionsPerIdentity: 1 },
    });
    created.state('a', { n: 1 });
    return created;
  };

  it.each([
    ['a stranger', undefined, 401, 4401, 'unauthorized'],
    ['a banned one', 'banned', 403, 4403, 'forbidden'],
  ])(
    '%s is refused with a code and no internals, on each transport',
    async (_, token, status, close, code) => {
      await using server = await listen(hub().handle);
      const link = rawWebSocket(server.origin);
      link.send({ open: token ? { token } : {} });
      link.send({ subscribe: [{ topic: 'a' }] });
      const bye = await link.next();
      expect(bye).toMatchObject({ bye: { code } });
      expect(JSON.stringify(bye)).not.toContain('secret');
      expect(await link.whenEnded()).toBe(`closed ${close} ${code}`);
      const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
      expect(await rawStream(`${server.origin}?topic=a`, headers).whenEnded()).toBe(
        `refused ${status} ${code}`,
      );
      const value = await fetch(`${server.origin}?topic=a`, { headers });
      expect(value.status).toBe(status);
      expect(await value.text()).not.toContain('secret');
    },
  );

  it('a user is authorized by token or header, and sees only allowed topics', async () => {
    const created = hub();
    created.state('ann', { n: 1 });
    await using server = await listen(created.handle);
    const link = rawWebSocket(server.origin);
    link.send({ open: { token: 'ann' } });
    link.send({ subscribe: [{ topic: 'a' }, { topic: 'ann' }] });
    expect(await link.find(isState)).toMatchObject({ topic: 'a' });
    expect(await link.next()).toEqual({ denied: 'ann', code: 'forbidden' });
    const stream = rawStream(`${server.origin}?topic=a`, { 'x-user': 'ben' });
    expect(await stream.find(isState)).toMatchObject({ topic: 'a' });
    const headers = { 'x-user': 'ann' };
    expect((await fetch(`${server.origin}?topic=ann`, { headers })).status).toBe(403);
    expect((await fetch(`${server.origin}?topic=a`, { headers })).status).toBe(200);
  });

  it('an identity has as many sessions as the limit says, and others are not touched', async () => {
    const created = hub();
    await using server = await listen(created.handle);
    const open = (token: string): RawLink => {
      const link = rawWebSocket(server.origin);
      link.send({ open: { token } });
      return link;
    };
    const first = open('ann');
    await first.next();
    const second = open('ann');
    expect(await second.next()).toMatchObject({ bye: { code: 'too-many' } });
    expect(await second.whenEnded()).toBe('closed 4429 too-many');
    expect(await rawStream(`${server.origin}?topic=a`, { 'x-user': 'ann' }).whenEnded()).toBe(
      'refused 429 too-many',
    );
    expect(await open('ben').next()).toHaveProperty('hello');
    first.send({ ping: true });
    expect(await first.next()).toEqual({ ping: true });
    first.close();
    while (created.stats().away === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await open('ann').next()).toHaveProperty('hello');
  });
});

it.each([
  [
    'throws',
    () => {
      throw new velox.VeloxError('forbidden', 'secret details');
    },
  ],
  ['gives no text', () => Promise.resolve('ann')],
])('an identify that %s is reported, and answered as a failure of the server', async (_, identify) => {
  const entries: velox.LogEntry[] = [];
  const hub = velox.createHub({
    authorize: () => 'ann',
    identify: identify as unknown as () => string,
    logger: (entry) => entries.push(entry),
  });
  await using server = await listen(hub.handle);
  const value = await fetch(server.origin);
  expect([value.status, await value.json()]).toEqual([
    500,
    { error: { code: 'internal', message: 'The server failed.' } },
  ]);
  const link = rawSubscribe(server.origin);
  expect(await link.next()).toEqual({ bye: { code: 'internal', reason: 'The server failed.' } });
  expect(await link.whenEnded()).toBe('closed 4500 internal');
  expect(entries.map(({ level }) => level)).toEqual(['error', 'error']);
});

it('close() ends the observation of the states that the hub published, and refuses more', async () => {
  const state = velox.state({ n: 1 });
  const [one, two] = [velox.createHub(), velox.createHub()];
  const stream = new Request('http://localhost/?velox=3&topic=a', {
    headers: { accept: 'text/event-stream' },
  });
  for (const hub of [one, two]) {
    hub.state('a', state);
    await hub.fetch(stream.clone());
  }
  await one.close();
  expect(() => one.state('b', state)).toThrow(expect.objectContaining({ code: 'closed' }));
  const told: unknown[] = [];
  const listener = (message: unknown): unknown => told.push((message as { topic: string }).topic);
  channel('velox:revision').subscribe(listener);
  state.set({ n: 2 });
  await Promise.resolve();
  channel('velox:revision').unsubscribe(listener);
  expect(told).toEqual(['a']); // the other hub's
  await two.close();
});

describe('rights that change', () => {
  it('no frame of a topic leaves between withdrawal and grant', async () => {
    let answer: boolean | Promise<boolean> = true;
    const hub = velox.createHub({ canSubscribe: () => answer });
    const a = hub.state('a', { n: 0, pad: PAD });
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'a' });
    await link.find(isState);
    const change = async (): Promise<void> => {
      a.update((draft) => void draft.n++);
      await Promise.resolve();
      link.send({ ping: true });
      await link.find((frame) => 'ping' in frame); // the message of the change, if any, has arrived now
    };

    answer = false;
    await hub.recheck();
    for (let i = 0; i < 3; i++) await change();
    const asked = deferred<boolean>();
    answer = asked.promise;
    const granted = hub.recheck();
    for (let i = 0; i < 3; i++) await change(); // held while the answer is awaited
    const since = link.frames.length;
    expect(link.frames.filter((frame) => 'version' in frame || 'denied' in frame)).toEqual([
      expect.objectContaining({ version: 1 }),
      { denied: 'a', code: 'forbidden' },
    ]);
    asked.resolve(true);
    await granted;
    // a snapshot: the steps since version 1 were not for this client
    const proof = expect.any(String) as string;
    expect(await link.find(isState)).toEqual({
      topic: 'a',
      id: a.position().id,
      version: 7,
      proof,
      body: { n: 6, pad: PAD },
    });
    expect(link.frames.length).toBe(since + 1);
    await change();
    expect(link.frames.filter(isState).at(-1)).toEqual(expect.objectContaining({ version: 8 }));
  });

  it('a subscription awaits its answer: nothing is lost, nothing leaks', async () => {
    const answers = new Map([
      ['yes', deferred<boolean>()],
      ['no', deferred<boolean>()],
    ]);
    const hub = velox.createHub({ canSubscribe: (_, topic) => answers.get(topic)?.promise ?? false });
    const [yes, no] = ['yes', 'no'].map((topic) => hub.state(topic, { n: 0, pad: PAD }));
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'yes' }, { topic: 'no' });
    await link.next();
    for (const state of [yes, no]) state?.update((draft) => void ((draft as { n: number }).n = 1));
    answers.get('yes')?.resolve(true);
    yes?.update((draft) => void ((draft as { n: number }).n = 2));
    answers.get('no')?.resolve(false);
    const frames = [await link.next(), await link.next()];
    expect(frames).toContainEqual({ denied: 'no', code: 'forbidden' });
    expect(frames).toContainEqual(expect.objectContaining({ topic: 'yes', body: { n: 2, pad: PAD } }));
  });

  it('only the newest question counts', async () => {
    const first = deferred<boolean>();
    let answer: boolean | Promise<boolean> = first.promise;
    const hub = velox.createHub({ canSubscribe: () => answer });
    hub.state('a', { n: 1 });
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'a' });
    await link.next();
    while (hub.stats().subscriptions === 0) await new Promise((resolve) => setImmediate(resolve));
    answer = false;
    await hub.recheck();
    expect(await link.next()).toEqual({ denied: 'a', code: 'forbidden' });
    first.resolve(true); // stale: must not authorize it
    await new Promise((resolve) => setImmediate(resolve));
    link.send({ ping: true });
    expect(await link.next()).toEqual({ ping: true });
  });

  it.each([
    ['at once', (valid: boolean) => (valid ? { value: '' } : { issues: [{}] })],
    ['later', (valid: boolean) => Promise.resolve(valid ? { value: '' } : { issues: [{}] })],
  ])('a Standard Schema that answers %s is asked for the name first', async (_, answer) => {
    const validate = (topic: unknown) => answer(/^[a-z]+$/.test(topic as string));
    const hub = velox.createHub({
      validators: { subscription: { '~standard': { version: 1, vendor: 'test', validate } } },
      canSubscribe: (_context, topic) => topic !== 'b',
    });
    for (const topic of ['a', 'b', 'C']) hub.state(topic, { n: 1 });
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'a' }, { topic: 'b' }, { topic: 'C' });
    const frames = [await link.next(), await link.next(), await link.next(), await link.next()];
    for (const denied of ['b', 'C']) expect(frames).toContainEqual({ denied, code: 'forbidden' });
    expect(frames).toContainEqual(expect.objectContaining({ topic: 'a' }));
  });

  it('a canSubscribe that fails denies the topic, is reported, and affects no other client', async () => {
    const entries: velox.LogEntry[] = [];
    const hub = velox.createHub({
      canSubscribe: (_, topic) => {
        if (topic === 'bad') throw new Error('of the application');
        if (topic === 'worse') return Promise.reject(new Error('of the application'));
        return true;
      },
      logger: (entry) => entries.push(entry),
    });
    for (const topic of ['bad', 'worse', 'good']) hub.state(topic, { n: 1 });
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'bad' }, { topic: 'worse' }, { topic: 'good' });
    const frames = [await link.next(), await link.next(), await link.next(), await link.next()];
    for (const denied of ['bad', 'worse']) expect(frames).toContainEqual({ denied, code: 'forbidden' });
    expect(frames).toContainEqual(expect.objectContaining({ topic: 'good' }));
    expect(entries.filter(({ event }) => event === 'callback failed')).toHaveLength(2);
  });
});

describe('limits', () => {
  it('are announced', async () => {
    const hub = velox.createHub({ limits: { subscriptions: 7 } });
    await using server = await listen(hub.handle);
    const { hello } = (await rawSubscribe(server.origin).next()) as { hello: { limits: object } };
    expect(hello.limits).toEqual({ ...velox.DEFAULT_LIMITS, subscriptions: 7 });
  });

  it.each(Object.keys(velox.DEFAULT_LIMITS) as (keyof typeof velox.DEFAULT_LIMITS)[])(
    '%s has no end if it is Infinity, and the default if it is undefined',
    async (limit) => {
      const announced = async (value: unknown): Promise<unknown> => {
        const limits = { [limit]: value };
        await using server = await listen(velox.createHub({ limits }).handle);
        const { hello } = (await rawSubscribe(server.origin).next()) as { hello: { limits: velox.Limits } };
        return hello.limits[limit];
      };
      expect(await announced(Infinity)).toBe(2 ** 31 - 1); // JSON has no Infinity, and a timer ends at once
      expect(await announced(undefined)).toBe(velox.DEFAULT_LIMITS[limit]);
    },
  );

  it('heartbeat and patience may be Infinity', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
    try {
      const hub = new Hub({ heartbeat: Infinity, patience: Infinity });
      const outlet = {
        transport: 'test',
        isTwoWay: true,
        waiting: 0,
        write: vi.fn(() => true),
        close: () => undefined,
      };
      const session = hub.open(outlet, { context: undefined, identity: undefined }, {});
      await vi.advanceTimersByTimeAsync(100_000);
      expect(outlet.write).toHaveBeenCalledOnce(); // hello
      hub.leave(session, outlet, 'closed');
      await vi.advanceTimersByTimeAsync(100_000);
      expect(hub.stats()).toMatchObject({ sessions: 1, away: 1 });
      await hub.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([0, -1, NaN])('a heartbeat of %s means no heartbeat', async (heartbeat) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
    try {
      const hub = new Hub({ heartbeat });
      const outlet = {
        transport: 'test',
        isTwoWay: true,
        waiting: 0,
        write: vi.fn(() => true),
        close: () => undefined,
      };
      const session = hub.open(outlet, { context: undefined, identity: undefined }, {});
      await vi.advanceTimersByTimeAsync(100);
      expect(outlet.write).toHaveBeenCalledOnce(); // hello
      hub.leave(session, outlet, 'closed');
      await hub.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it('a frame that names more topics than a session may have is refused, even if the names are the same', async () => {
    const canSubscribe = vi.fn(() => true);
    const hub = velox.createHub({ limits: { subscriptions: 2 }, canSubscribe });
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, {}, {}, {});
    expect(await link.whenEnded()).toBe('closed 4429 too-many');
    expect(canSubscribe).not.toHaveBeenCalled();
  });

  it('closes a client that asks faster than it is answered', async () => {
    const asked: ((yes: boolean) => void)[] = [];
    const canSubscribe = (): Promise<boolean> => new Promise((resolve) => asked.push(resolve));
    const hub = velox.createHub({ limits: { subscriptions: 2 }, canSubscribe });
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, {}, { topic: 'b' });
    await link.next();
    link.send({ unsubscribe: ['', 'b'] });
    for (const topic of ['c', 'd']) link.send({ subscribe: [{ topic }] });
    await vi.waitFor(() => expect(asked).toHaveLength(4));
    for (const answer of asked) answer(true);
    for (const topic of ['c', 'd']) {
      expect(await link.next()).toEqual({ denied: topic, code: 'not-found' });
    }
    for (const frame of Array(5).fill({ subscribe: [{ topic: 'c' }] })) link.send(frame as object);
    expect(await link.whenEnded()).toBe('closed 4429 too-many');
    expect(asked).toHaveLength(8);
  });

  it('subscriptions of a session', async () => {
    const hub = velox.createHub({ limits: { subscriptions: 2 } });
    for (const topic of ['a', 'b', 'c']) hub.state(topic, { n: 1, pad: PAD });
    await using server = await listen(hub.handle);
    const neighbour = rawSubscribe(server.origin, { topic: 'a' }, { topic: 'b' });
    await neighbour.find(isState);
    await neighbour.find(isState);
    const link = rawSubscribe(server.origin, { topic: 'a' }, { topic: 'b' }, { topic: 'c' });
    expect(await link.find((frame) => 'bye' in frame)).toMatchObject({ bye: { code: 'too-many' } });
    expect(await link.whenEnded()).toBe('closed 4429 too-many');
    neighbour.send({ unsubscribe: ['a'] });
    neighbour.send({ subscribe: [{ topic: 'c' }] });
    expect(await neighbour.next()).toMatchObject({ topic: 'c' });
  });

  it('sessions of the hub', async () => {
    const hub = velox.createHub({ limits: { sessions: 1 } });
    hub.state('a', { n: 1 });
    await using server = await listen(hub.handle);
    const first = rawSubscribe(server.origin, { topic: 'a' });
    await first.find(isState);
    const second = rawSubscribe(server.origin, { topic: 'a' });
    expect(await second.whenEnded()).toBe('closed 4429 too-many');
    expect(await rawStream(`${server.origin}?topic=a`).whenEnded()).toBe('refused 429 too-many');
    first.send({ ping: true });
    expect(await first.next()).toEqual({ ping: true });
  });

  it('a patch above the limit goes as a snapshot', async () => {
    const hub = velox.createHub({ limits: { patch: 100 } });
    const a = hub.state('a', { n: 'short', pad: PAD.repeat(5) });
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'a' });
    await link.find(isState);
    a.update((draft) => void (draft.n = 'still short'));
    expect(await link.next()).toHaveProperty('delta');
    a.update((draft) => void (draft.n = 'long'.repeat(30)));
    expect(await link.next()).toMatchObject({ version: 3, body: { n: 'long'.repeat(30) } });
  });
});

it('publishes events on diagnostics channels', async () => {
  const seen: string[] = [];
  const names = ['connect', 'subscribe', 'revision', 'deliver', 'close'];
  const listeners = names.map((name) => {
    const listener = (): unknown => seen.push(name);
    channel(`velox:${name}`).subscribe(listener);
    return () => channel(`velox:${name}`).unsubscribe(listener);
  });
  const hub = velox.createHub();
  const a = hub.state('a', { n: 1, pad: PAD });
  await using server = await listen(hub.handle);
  const link = rawSubscribe(server.origin, { topic: 'a' });
  await link.find(isState);
  a.update((draft) => void (draft.n = 2));
  await link.next();
  link.close();
  while (hub.stats().away === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(new Set(seen)).toEqual(new Set(names));
  for (const end of listeners) end();
});

/** Counts `write` calls on all sockets that a server takes from now on. */
function countWrites(server: import('node:http').Server): () => number {
  let count = 0;
  server.on('connection', (socket) => {
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (...args: unknown[]) => {
      count++;
      return write(...args);
    };
  });
  return () => count;
}
