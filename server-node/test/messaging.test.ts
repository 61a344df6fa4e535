/** Sessions that outlive their links, and numbered messages over each transport, as PROTOCOL.md writes them. */
import { describe, expect, it, vi } from 'vitest';
import { Hub } from '../src/hub/hub.js';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawStream, rawSubscribe, rawWebSocket, type Frame, type RawLink } from './rig/raw-client.js';

const PAD = 'x'.repeat(300);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An outlet that accepts everything and never closes. */
const outlet = {
  transport: 'test',
  isTwoWay: true,
  waiting: 0,
  write: () => true,
  close: () => undefined,
};

interface Heard {
  readonly session: velox.Session;
  readonly data: unknown;
}

function chat(options?: velox.HubOptions): { hub: velox.Hub; heard: Heard[] } {
  const hub = velox.createHub(options);
  const heard: Heard[] = [];
  hub.on('chat', (session, data) => heard.push({ session, data }));
  return { hub, heard };
}

function open(url: string, opening: object = {}): RawLink {
  const link = rawWebSocket(url);
  link.send({ open: opening });
  return link;
}

const post = (url: string, frames: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}?velox=3`, {
    method: 'POST',
    body: typeof frames === 'string' ? frames : JSON.stringify(frames),
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
  });

/** Resolves when the server has taken the link's frames up to a number. */
async function acknowledged(link: RawLink, ack: number): Promise<void> {
  link.send({ ping: true, ack: true });
  await link.find((frame) => frame.ack === ack);
  expect(await link.next()).toEqual({ ping: true });
}

const sessionOf = async (link: { next(): Promise<Frame> }): Promise<string> =>
  ((await link.next()) as { hello: { session: string } }).hello.session;

describe('over a WebSocket', () => {
  it('events go both ways, in order, and are acknowledged', async () => {
    const { hub, heard } = chat();
    await using server = await listen(hub.handle);
    const link = open(server.origin);
    await link.next();
    for (const seq of [1, 2, 3]) link.send({ event: 'chat', data: `m${seq}`, seq });
    await acknowledged(link, 3);
    expect(heard.map(({ data }) => data)).toEqual(['m1', 'm2', 'm3']);
    heard[0]?.session.emit('answer', { to: 'm1' });
    expect(await link.next()).toEqual({ event: 'answer', data: { to: 'm1' }, seq: 1 });
  });

  it('a number that was received before is ignored', async () => {
    const { hub, heard } = chat();
    await using server = await listen(hub.handle);
    const link = open(server.origin);
    for (const seq of [1, 2, 2, 1, 3]) link.send({ event: 'chat', data: seq, seq });
    await acknowledged(link, 3);
    expect(heard.map(({ data }) => data)).toEqual([1, 2, 3]);
  });

  it('state that was changed before an event arrives before it', async () => {
    const hub = velox.createHub();
    const state = hub.state('a', { n: 0, pad: PAD });
    hub.on('buy', (session) => {
      state.update((draft) => void draft.n++);
      session.emit('bought', null);
    });
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'a' });
    await link.find((frame) => 'version' in frame);
    link.send({ event: 'buy', data: null, seq: 1 });
    expect(await link.next()).toMatchObject({ topic: 'a', version: 2 });
    expect(await link.next()).toMatchObject({ event: 'bought' });
  });

  it('a session goes on over the next link: unacknowledged events are sent again, and only those', async () => {
    const { hub, heard } = chat();
    await using server = await listen(hub.handle);
    const first = open(server.origin);
    const id = await sessionOf(first);
    first.send({ event: 'chat', data: 1, seq: 1 });
    await acknowledged(first, 1);
    const { session } = heard[0] as Heard;
    for (const n of [1, 2, 3]) session.emit('n', n);
    await first.find((frame) => frame.data === 3);
    first.close();
    while (hub.stats().away === 0) await turn();
    session.emit('n', 4);
    const second = open(server.origin, { session: id, ack: 2 });
    expect(await second.next()).toMatchObject({ hello: { session: id, ack: 1 } });
    expect(await second.next()).toEqual({ event: 'n', data: 3, seq: 3 });
    expect(await second.next()).toEqual({ event: 'n', data: 4 });
    second.send({ event: 'chat', data: 'again', seq: 1 });
    second.send({ event: 'chat', data: 'new', seq: 2 });
    await acknowledged(second, 2);
    expect(heard.map(({ data }) => data)).toEqual([1, 'new']);
    expect(heard[1]?.session).toBe(session);
  });

  it('a new link replaces a former one that is still open', async () => {
    const { hub } = chat();
    await using server = await listen(hub.handle);
    const first = open(server.origin);
    const id = await sessionOf(first);
    const second = open(server.origin, { session: id });
    expect(await sessionOf(second)).toBe(id);
    expect(await first.whenEnded()).toBe('closed 4000 replaced');
    second.send({ ping: true });
    expect(await second.next()).toEqual({ ping: true });
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
  });

  it('a session of another identity is not resumed', async () => {
    const { hub } = chat({
      authorize: ({ token }) => token,
      identify: (token) => token as string,
    });
    await using server = await listen(hub.handle);
    const id = await sessionOf(open(server.origin, { token: 'ann' }));
    expect(await sessionOf(open(server.origin, { token: 'ben', session: id }))).not.toBe(id);
    expect(await sessionOf(open(server.origin, { token: 'ann', session: id }))).toBe(id);
    const stolen = await post(server.origin, [{ event: 'chat', data: 1, seq: 1 }], {
      'velox-session': id,
      authorization: 'Bearer ben',
    });
    expect(stolen.status).toBe(404);
  });

  it('drops the oldest of too many events, and says in hello how many', async () => {
    const { hub, heard } = chat();
    await using server = await listen(hub.handle);
    const first = open(server.origin);
    const id = await sessionOf(first);
    first.send({ event: 'chat', data: 1, seq: 1 });
    await acknowledged(first, 1);
    first.close();
    while (hub.stats().away === 0) await turn();
    for (let n = 1; n <= 1_005; n++) heard[0]?.session.emit('n', n);
    const second = open(server.origin, { session: id });
    expect(await second.next()).toMatchObject({ hello: { dropped: 5 } });
    expect(await second.next()).toEqual({ event: 'n', data: 6, seq: 1 }); // the first that was written
    expect(await second.next()).toEqual({ event: 'n', data: 7 });
    await second.find((frame) => frame.data === 1_005);
  });

  it('a new token on a live link: rights are asked for again; one of another user ends the session', async () => {
    const hub = velox.createHub<velox.AnyContract, { user: string; rights: string }>({
      authorize({ token = '' }) {
        const [user, rights] = token.split(':');
        if (!user || !rights) throw new Error('expired');
        return { user, rights };
      },
      identify: ({ user }) => user,
      canSubscribe: ({ rights }, topic) => rights.includes(topic),
    });
    for (const topic of ['a', 'b']) hub.state(topic, { topic });
    await using server = await listen(hub.handle);
    const link = open(server.origin, { token: 'ann:a' });
    link.send({ subscribe: [{ topic: 'a' }, { topic: 'b' }] });
    expect(await link.find((frame) => 'version' in frame)).toMatchObject({ topic: 'a' });
    expect(await link.next()).toMatchObject({ denied: 'b' });
    link.send({ auth: 'ann:b', seq: 1 });
    expect(await link.find((frame) => 'denied' in frame)).toMatchObject({ denied: 'a' });
    expect(await link.find((frame) => 'version' in frame)).toMatchObject({ topic: 'b' });
    link.send({ auth: 'ben:b', seq: 2 });
    expect(await link.find((frame) => 'bye' in frame)).toMatchObject({ bye: { code: 'forbidden' } });
    expect(await link.whenEnded()).toBe('closed 4403 forbidden');
    const other = open(server.origin, { token: 'ann:a' });
    await other.next();
    other.send({ auth: 'expired', seq: 1 });
    expect(await other.whenEnded()).toBe('closed 4401 unauthorized');
  });

  it('a handler that fails is reported, and the next event arrives', async () => {
    const entries: velox.LogEntry[] = [];
    const hub = velox.createHub({ logger: (entry) => entries.push(entry) });
    hub.on('bad', () => {
      throw new Error('of the application');
    });
    hub.on('worse', () => Promise.reject(new Error('of the application')));
    const off = hub.on('good', (session) => session.emit('fine', 1));
    await using server = await listen(hub.handle);
    const link = open(server.origin);
    ['bad', 'worse', 'good', 'unheard'].forEach((event, at) => link.send({ event, data: 1, seq: at + 1 }));
    expect(await link.find((frame) => 'event' in frame)).toEqual({ event: 'fine', data: 1, seq: 1 });
    await turn();
    expect(entries.filter(({ event }) => event === 'callback failed')).toHaveLength(2);
    off();
  });

  it('a handler that leaves and comes back hears each event once', async () => {
    const { hub } = chat();
    let heard = 0;
    let off = hub.on('note', function again(session) {
      off();
      if (++heard < 10) off = hub.on('note', again);
      session.emit('heard', heard);
    });
    await using server = await listen(hub.handle);
    const link = open(server.origin);
    for (const seq of [1, 2]) link.send({ event: 'note', data: 1, seq });
    await link.find((frame) => frame.data === 2);
    expect(heard).toBe(2);
  });
});

it('a session without a link lives 30 s', () => {
  vi.useFakeTimers();
  try {
    const hub = new Hub();
    const session = hub.open(outlet, { context: undefined, identity: undefined }, {});
    hub.leave(session, outlet, 'closed');
    vi.advanceTimersByTime(29_999);
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 1 });
    vi.advanceTimersByTime(1);
    expect(hub.stats()).toMatchObject({ sessions: 0, away: 0 });
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

it('close({ drain }) spreads the return of the clients evenly', async () => {
  const { hub } = chat();
  await using server = await listen(hub.handle);
  const links = Array.from({ length: 10 }, () => open(server.origin));
  await Promise.all(links.map((link) => link.next()));
  const stream = rawStream(server.origin);
  await stream.next();
  const closed = hub.close({ drain: 1_100 });
  const byes = await Promise.all([...links, stream].map((link) => link.find((frame) => 'bye' in frame)));
  const delays = byes.map((frame) => (frame as { bye: { retry: number } }).bye.retry).sort((a, b) => a - b);
  expect(delays).toEqual(Array.from({ length: 11 }, (_, at) => 50 + at * 100));
  await closed;
  expect(hub.stats()).toMatchObject({ sessions: 0, away: 0 });
});

it('close() may be called twice: both wait until the links have ended, and no longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const hub = new Hub();
    const session = hub.open(outlet, { context: undefined, identity: undefined }, {});
    const closed: string[] = [];
    const closing = ['first', 'second'].map((name) => hub.close().then(() => closed.push(name)));
    await turn();
    expect(closed).toEqual([]);
    hub.leave(session, outlet, 'closed');
    await turn();
    expect(closed).toEqual(['first', 'second']);
    await Promise.all(closing);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

it('an event stream has a second sign of life after half a second, so that a path that buffers is noticed', async () => {
  const { hub } = chat();
  await using server = await listen(hub.handle);
  const stream = rawStream(server.origin);
  await stream.next();
  expect(await stream.find((frame) => 'ping' in frame)).toEqual({ ping: true });
});

describe('over an event stream', () => {
  it('client frames go by POST, whose answer acknowledges; a doubled POST counts once', async () => {
    const { hub, heard } = chat();
    hub.state('a', { n: 1 });
    await using server = await listen(hub.handle);
    const stream = rawStream(`${server.origin}?topic=a`);
    const headers = { 'velox-session': await sessionOf(stream) };
    await stream.next();
    const frames = [1, 2].map((seq) => ({ event: 'chat', data: seq, seq }));
    for (let times = 0; times < 2; times++) {
      const answer = await post(server.origin, frames, headers);
      expect([answer.status, await answer.json()]).toEqual([200, { ack: 2 }]);
    }
    expect(heard.map(({ data }) => data)).toEqual([1, 2]);
    heard[0]?.session.emit('answer', 1);
    expect(await stream.next()).toEqual({ event: 'answer', data: 1, seq: 1 }); // no ack frame: the POST said it
    await post(server.origin, [{ subscribe: [{ topic: 'b' }], seq: 3 }], headers);
    expect(await stream.next()).toEqual({ denied: 'b', code: 'not-found' });
  });

  it.each([
    ['ends with its link, where the client has never named it', [], 0],
    ['lives on, where the client has named it', [{ ack: 0 }], 1],
  ])('a session that a GET opened %s', async (_, frames, away) => {
    const { hub } = chat();
    hub.state('', { n: 1 });
    await using server = await listen(hub.handle);
    const stream = rawStream(server.origin);
    const headers = { 'velox-session': await sessionOf(stream) };
    if (frames.length > 0) expect((await post(server.origin, frames, headers)).status).toBe(200);
    stream.close();
    await vi.waitFor(() => expect(hub.stats()).toMatchObject({ sessions: away, away }));
  });

  it('is opened by POST with several topics, and resumes a session', async () => {
    const { hub, heard } = chat();
    for (const topic of ['a', 'b']) hub.state(topic, { topic });
    await using server = await listen(hub.handle);
    const link = open(server.origin);
    const id = await sessionOf(link);
    link.send({ event: 'chat', data: 1, seq: 1 });
    await acknowledged(link, 1);
    heard[0]?.session.emit('n', 1);
    await link.next();
    const frames = [{ open: { session: id, ack: 0 } }, { subscribe: [{ topic: 'a' }, { topic: 'b' }] }];
    const answer = await post(server.origin, frames, { accept: 'text/event-stream' });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    while (!text.includes('"event":"n"')) text += new TextDecoder().decode((await reader.read()).value);
    expect(text).toContain(`"session":"${id}"`);
    expect(text).toContain('"topic":"a"');
    expect(text).toContain('"topic":"b"');
    await reader.cancel();
  });
});

it('a topic that is refused for want of room is not counted', async () => {
  const { hub } = chat({ limits: { subscriptions: 1 } });
  for (const topic of ['a', 'b', 'c']) hub.state(topic, { topic });
  await using server = await listen(hub.handle);
  const stream = rawStream(`${server.origin}?topic=a`);
  const headers = { 'velox-session': await sessionOf(stream) };
  expect((await post(server.origin, [{ subscribe: [{ topic: 'b' }], seq: 1 }], headers)).status).toBe(429);
  const frames = [
    { subscribe: [{ topic: 'a' }], seq: 2 }, // again: no more than before
    { unsubscribe: ['a'], seq: 3 },
    { subscribe: [{ topic: 'c' }], seq: 4 },
  ];
  expect((await post(server.origin, frames, headers)).status).toBe(200);
  expect(await stream.find((frame) => frame.topic === 'c')).toMatchObject({ version: 1 });
  expect(hub.stats()).toMatchObject({ subscriptions: 1 });
});

describe('more frames than the limit allows', () => {
  it('close the link, and a neighbour goes on', async () => {
    const { hub } = chat({ limits: { rate: 20 } });
    const state = hub.state('a', { n: 1, pad: PAD });
    await using server = await listen(hub.handle);
    const neighbour = rawSubscribe(server.origin, { topic: 'a' });
    await neighbour.find((frame) => 'version' in frame);
    const link = open(server.origin);
    for (let i = 0; i < 200; i++) link.send({ ping: true });
    expect(await link.find((frame) => 'bye' in frame)).toMatchObject({ bye: { code: 'too-many' } });
    expect(await link.whenEnded()).toBe('closed 4429 too-many');
    state.update((draft) => void (draft.n = 2));
    expect(await neighbour.next()).toMatchObject({ version: 2 });
    neighbour.send({ ping: true });
    expect(await neighbour.next()).toEqual({ ping: true });
  });
});

describe('by long-polling', () => {
  const poll = (url: string, id: string): Promise<Response> =>
    fetch(`${url}?velox=3`, { headers: { accept: 'application/json', 'velox-session': id } });

  it('a POST opens, a GET waits for messages', async () => {
    const { hub, heard } = chat();
    const state = hub.state('a', { n: 1, pad: PAD });
    await using server = await listen(hub.handle);
    const opened = await post(server.origin, [{ open: {} }, { subscribe: [{ topic: 'a' }] }]);
    const [{ hello }, snapshot] = (await opened.json()) as [{ hello: { session: string } }, Frame];
    expect(snapshot).toMatchObject({ topic: 'a', version: 1 });
    const waiting = poll(server.origin, hello.session);
    await turn();
    state.update((draft) => void (draft.n = 2));
    expect(await (await waiting).json()).toEqual([
      expect.objectContaining({ topic: 'a', version: 2, delta: true }),
    ]);
    // between polls: several changes are one step
    for (const n of [3, 4]) {
      state.update((draft) => void (draft.n = n));
      await turn();
    }
    expect(await (await poll(server.origin, hello.session)).json()).toEqual([
      expect.objectContaining({ version: 4, from: 2 }),
    ]);
    const headers = { 'velox-session': hello.session };
    await post(server.origin, [{ event: 'chat', data: 1, seq: 1 }], headers);
    heard[0]?.session.emit('answer', 1);
    expect(await (await poll(server.origin, hello.session)).json()).toEqual([
      { event: 'answer', data: 1, seq: 1 },
    ]);
  });

  it('a poll that has nothing to say ends with the heartbeat', async () => {
    const { hub } = chat({ heartbeat: 2_000 }); // so long may the poll take to arrive
    await using server = await listen(hub.handle);
    const opened = await post(server.origin, [{ open: {} }]);
    const [{ hello }] = (await opened.json()) as [{ hello: { session: string } }];
    expect(await (await poll(server.origin, hello.session)).json()).toEqual([{ ping: true }]);
  });

  it('a client that stops polling is away, and may come back', async () => {
    const { hub } = chat({ heartbeat: 30 });
    await using server = await listen(hub.handle);
    const opened = await post(server.origin, [{ open: {} }]);
    const [{ hello }] = (await opened.json()) as [{ hello: { session: string } }];
    while (hub.stats().away === 0) await turn();
    expect((await poll(server.origin, hello.session)).status).toBe(404);
    const again = await post(server.origin, [{ open: { session: hello.session } }]);
    expect(await again.json()).toEqual([
      { hello: expect.objectContaining({ session: hello.session }) as unknown },
    ]);
  });
});

const STREAM = { accept: 'text/event-stream' };

describe('bad input by POST and poll gets a coded answer, and affects no other session', () => {
  const cases: [string, unknown, Record<string, string>, number, string][] = [
    ['not JSON', 'hello?', {}, 400, 'bad-frame'],
    ['no array', { open: {} }, {}, 400, 'bad-frame'],
    ['not a frame', [{ nothing: true }], {}, 400, 'bad-frame'],
    ['a frame of two kinds', [{ ping: true, open: null }], {}, 400, 'bad-frame'],
    ['a second open frame', [{ open: {} }, { open: {} }], {}, 400, 'bad-frame'],
    ['the same for a stream', [{ open: {} }, { open: {} }], STREAM, 400, 'bad-frame'],
    [
      'too many topics',
      [{ open: {} }, { subscribe: [{}, { topic: 'a' }, { topic: 'b' }] }],
      {},
      429,
      'too-many',
    ],
    [
      'the same for a stream',
      [{ open: {} }, { subscribe: [{}, { topic: 'a' }, { topic: 'b' }] }],
      STREAM,
      429,
      'too-many',
    ],
    [
      'a topic whose name is too long',
      [{ open: {} }, { subscribe: [{ topic: 'é'.repeat(26) }] }],
      {},
      400,
      'too-long',
    ],
    ['too many frames', [{ open: {} }, ...Array<object>(11).fill({ ping: true })], {}, 429, 'too-many'],
    ['a first event without a number', [{ open: {} }, { event: 'chat', data: 1 }], {}, 400, 'bad-frame'],
    ['no session', [{ event: 'chat', data: 1, seq: 1 }], {}, 404, 'unknown-session'],
    [
      'an unknown session',
      [{ event: 'chat', data: 1, seq: 1 }],
      { 'velox-session': 'x' },
      404,
      'unknown-session',
    ],
    ['too large', [{ event: 'x'.repeat(2_000), data: 1, seq: 1 }], {}, 413, 'too-large'],
    ['a page of another origin', [{ open: {} }], { origin: 'https://evil.example' }, 403, 'bad-origin'],
  ];
  it.each(cases)('%s', async (_, frames, headers, status, code) => {
    const { hub } = chat({ limits: { frame: 1_000, subscriptions: 2, topic: 50, rate: 5 } });
    const state = hub.state('a', { n: 1, pad: PAD });
    await using server = await listen(hub.handle);
    const neighbour = rawSubscribe(server.origin, { topic: 'a' });
    await neighbour.find((frame) => 'version' in frame);
    const answer = await post(server.origin, frames, headers);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code } });
    expect(hub.stats()).toMatchObject({ sessions: 1, subscriptions: 1 }); // the neighbour's
    state.update((draft) => void (draft.n = 2));
    expect(await neighbour.next()).toMatchObject({ version: 2 });
  });

  it('a poll of an unknown session', async () => {
    const { hub } = chat();
    await using server = await listen(hub.handle);
    const headers = { accept: 'application/json', 'velox-session': 'x' };
    const answer = await fetch(`${server.origin}?velox=3`, { headers });
    expect([answer.status, await answer.json()]).toMatchObject([404, { error: { code: 'unknown-session' } }]);
  });
});
