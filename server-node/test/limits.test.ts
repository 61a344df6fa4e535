/** Limits of PROTOCOL.md: up to each all is well, who crosses it is told and let go, and a neighbour goes on. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawSubscribe, rawWebSocket, type Frame, type RawLink } from './rig/raw-client.js';

const PAD = 'x'.repeat(500);
const isState = (frame: Frame): boolean => 'version' in frame;
const event = (data: unknown): object => ({ event: 'note', data, seq: 1 });
/** An event whose frame has so many bytes, most of them in characters of two. */
const ofBytes = (bytes: number): object => {
  const room = bytes - Buffer.byteLength(JSON.stringify(event('')));
  return event('é'.repeat(room >> 1) + 'x'.repeat(room & 1));
};
/** An event whose frame has so many levels. */
const ofDepth = (levels: number): object => event(JSON.parse('['.repeat(levels) + ']'.repeat(levels)));

interface Case {
  readonly limit: keyof velox.Limits;
  readonly value: number;
  /** As far as one may go; all of it is taken. */
  readonly allowed: readonly object[];
  readonly crossing: readonly object[];
  readonly code: string | undefined;
  readonly closed: RegExp;
}

const cases: readonly Case[] = [
  {
    limit: 'frame',
    value: 1_000,
    allowed: [ofBytes(1_000)],
    crossing: [ofBytes(1_001)],
    code: undefined, // RFC 6455 has its own word for it
    closed: /^closed 1009/,
  },
  {
    limit: 'depth',
    value: 5,
    allowed: [ofDepth(5)],
    crossing: [ofDepth(6)],
    code: 'too-deep',
    closed: /^closed 4400 too-deep$/,
  },
  {
    limit: 'topic',
    value: 50,
    allowed: [{ subscribe: [{ topic: 'é'.repeat(25) }] }],
    crossing: [{ subscribe: [{ topic: 'é'.repeat(25) + 'x' }] }],
    code: 'too-long',
    closed: /^closed 4400 too-long$/,
  },
  {
    limit: 'subscriptions',
    value: 2,
    allowed: [{ subscribe: [{ topic: 'b' }] }],
    crossing: [{ subscribe: [{ topic: 'c' }] }],
    code: 'too-many',
    closed: /^closed 4429 too-many$/,
  },
  {
    limit: 'rate',
    value: 20,
    allowed: Array<object>(20).fill({ ping: true }),
    crossing: Array<object>(200).fill({ ping: true }),
    code: 'too-many',
    closed: /^closed 4429 too-many$/,
  },
];

/** A client with a topic that goes on: it gets each change, is answered, and its link and session stay the same. */
async function neighbourOf(origin: string, state: velox.State<{ n: number; pad: string }>) {
  const link = rawSubscribe(origin, { topic: 'a' });
  await link.find(isState);
  return {
    link,
    ping: () => link.send({ ping: true }),
    async goesOn(): Promise<void> {
      const { version } = state.position();
      state.update((draft) => void draft.n++);
      expect(await link.next()).toMatchObject({ topic: 'a', version: version + 1, delta: true });
      link.send({ ping: true });
      expect(await link.next()).toEqual({ ping: true });
      expect(link.ended).toBeUndefined();
    },
  };
}

/** Resolves when the server has taken everything that the link has sent. */
async function answered(link: RawLink): Promise<void> {
  link.send({ event: 'last', data: null, seq: 2 });
  link.send({ ping: true, ack: true });
  await link.find((frame) => frame.ack === 2);
}

describe('a limit that is crossed on a WebSocket', () => {
  it.each(cases)(
    '$limit: closes the link, and a neighbour goes on',
    async ({ limit, value, allowed, crossing, code, closed }) => {
      const hub = velox.createHub({ limits: { [limit]: value } });
      const state = hub.state('a', { n: 0, pad: PAD });
      await using server = await listen(hub.handle);
      const neighbour = await neighbourOf(server.origin, state);
      const modest = rawSubscribe(server.origin, { topic: 'a' });
      for (const frame of allowed) modest.send(frame);
      await answered(modest);
      const link = rawSubscribe(server.origin, { topic: 'a' });
      await link.find(isState);
      for (const frame of [...allowed, ...crossing]) link.send(frame);
      expect(await link.whenEnded()).toMatch(closed);
      expect(link.frames.filter((frame) => 'bye' in frame)).toEqual(
        code ? [{ bye: { code, reason: expect.any(String) as string, retry: 5_000 } }] : [],
      );
      await neighbour.goesOn();
      modest.send({ ping: true });
      expect(await modest.find((frame) => 'ping' in frame)).toEqual({ ping: true });
    },
  );

  it.each([
    ['says nothing', []],
    ['says something else first', ['{"ping":true}']],
  ])('handshake: a client that %s has no session, and a neighbour goes on', async (_, frames) => {
    const hub = velox.createHub({ limits: { handshake: 50 } });
    const state = hub.state('a', { n: 0, pad: PAD });
    await using server = await listen(hub.handle);
    const neighbour = await neighbourOf(server.origin, state);
    const link = rawWebSocket(server.origin);
    for (const frame of frames) link.send(frame);
    const ended = await link.whenEnded();
    expect(ended).toBe(frames.length ? 'closed 4400 bad-frame' : 'closed 4408 timeout');
    expect(link.frames).toEqual([
      { bye: { code: ended.split(' ')[2], reason: expect.any(String) as string } },
    ]);
    await neighbour.goesOn(); // the time for a handshake is over for it as well
    expect(hub.stats().sessions).toBe(1);
  });
});

it.each([
  ['opens a session', 'application/json', (frame: object) => [{ open: {} }, frame]],
  ['opens a stream', 'text/event-stream', (frame: object) => [{ open: {} }, frame]],
  ['belongs to a session', 'application/json', (frame: object) => [frame]],
])('depth: a POST that %s is refused as a whole, and a neighbour goes on', async (kind, accept, framesOf) => {
  const hub = velox.createHub({ limits: { depth: 5 } });
  const heard: unknown[] = [];
  hub.on('note', (_, data) => heard.push(data));
  const state = hub.state('a', { n: 0, pad: PAD });
  await using server = await listen(hub.handle);
  const neighbour = await neighbourOf(server.origin, state);
  const post = (frames: object[], headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${server.origin}?velox=3`, { method: 'POST', body: JSON.stringify(frames), headers });
  const opened = await post([{ open: {} }], { accept: 'application/json' });
  const [{ hello }] = (await opened.json()) as [{ hello: { session: string } }];
  const headers = { accept, ...(kind.startsWith('belongs') && { 'velox-session': hello.session }) };
  const { sessions } = hub.stats();
  const refused = await post(framesOf(ofDepth(6)), headers);
  expect([refused.status, await refused.json()]).toEqual([
    400,
    { error: { code: 'too-deep', message: expect.any(String) as string } },
  ]);
  expect(heard).toEqual([]);
  expect(hub.stats()).toMatchObject({ sessions });
  expect((await post(framesOf(ofDepth(5)), headers)).status).toBe(200);
  expect(heard).toEqual([(ofDepth(5) as { data: unknown }).data]);
  await neighbour.goesOn();
});

it('patch: a longer delta goes as a snapshot, in bytes and not in characters, and the next one is a delta again', async () => {
  const hub = velox.createHub({ limits: { patch: 120 } });
  const state = hub.state('a', { n: 0, word: '', pad: PAD });
  await using server = await listen(hub.handle);
  const links = [rawSubscribe(server.origin, { topic: 'a' }), rawSubscribe(server.origin, { topic: 'a' })];
  for (const link of links) await link.find(isState);
  const operation = (word: string): string => JSON.stringify([{ op: 'replace', path: '/word', value: word }]);
  const [longest, longer] = ['字'.repeat(25), '字'.repeat(26)];
  const room = 120 - Buffer.byteLength(operation(longest));
  expect([room >= 0, room < 3]).toEqual([true, true]); // both patches have far fewer characters
  state.update((draft) => void (draft.word = longest));
  for (const link of links) expect(await link.next()).toMatchObject({ version: 2, delta: true });
  state.update((draft) => void (draft.word = longer));
  for (const link of links) {
    const frame = await link.next();
    expect(frame).toMatchObject({ version: 3, body: { word: longer, pad: PAD } });
    expect(frame).not.toHaveProperty('delta');
  }
  state.update((draft) => void (draft.n = 1));
  for (const link of links) expect(await link.next()).toMatchObject({ version: 4, delta: true });
});

describe('url', () => {
  const long = `/?velox=3&topic=${'x'.repeat(100)}`;

  it('a longer one gets 414 before anything is parsed, and a neighbour goes on', async () => {
    const authorize = vi.fn();
    const hub = velox.createHub({ authorize, limits: { url: 100 } });
    const state = hub.state('a', { n: 0, pad: PAD });
    await using server = await listen(hub.handle);
    const neighbour = await neighbourOf(server.origin, state);
    authorize.mockClear();
    for (const init of [{}, { method: 'POST', body: '[{"open":{}}]' }]) {
      const response = await fetch(server.origin + long, init);
      expect([response.status, await response.json()]).toEqual([
        414,
        { error: { code: 'too-long', message: expect.any(String) as string } },
      ]);
    }
    expect(await rawWebSocket(server.origin + long.replace('velox=3', 'x=3')).whenEnded()).toBe(
      'refused 414',
    );
    expect((await hub.fetch(new Request(`http://h${long}`))).status).toBe(414);
    expect(authorize).not.toHaveBeenCalled();
    expect((await fetch(server.origin + '/?velox=3&topic=a')).status).toBe(200);
    await neighbour.goesOn();
  });

  it('a longer one that may be meant for the next handler goes there', async () => {
    const hub = velox.createHub({ limits: { url: 100 } });
    await using server = await listen((request, response) => {
      void hub.handle(request, response, () => response.end('next'));
    });
    expect(await (await fetch(server.origin + long)).text()).toBe('next');
  });
});

describe('idle', () => {
  it('a link whose client sends nothing is closed as silent, its session stays, and a client that pings goes on', async () => {
    const hub = velox.createHub({ limits: { idle: 400 } });
    const state = hub.state('a', { n: 0, pad: PAD });
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'a' });
    const { hello } = (await link.next()) as { hello: { limits: velox.Limits } };
    expect(hello.limits.idle).toBe(400);
    const lively = await neighbourOf(server.origin, state);
    const pings = setInterval(() => void lively.ping(), 20);
    onTestFinished(() => clearInterval(pings));
    expect(await link.whenEnded()).toBe('closed 4408 silent');
    expect(hub.stats()).toMatchObject({ sessions: 2, away: 1 });
    expect(lively.link.ended).toBeUndefined();
  });
});

describe('calls', () => {
  it('one more than may run gets too-many, and nothing closes', async () => {
    const hub = velox.createHub({ limits: { calls: 2 } });
    hub.answer('wait', () => new Promise(() => undefined));
    hub.answer('echo', (_, data) => data);
    await using server = await listen(hub.handle);
    const link = rawWebSocket(server.origin);
    onTestFinished(() => link.close());
    link.send({ open: {} });
    const { hello } = (await link.next()) as { hello: { limits: velox.Limits } };
    expect(hello.limits).toMatchObject({ calls: 2, rooms: 100 });
    for (const call of [1, 2]) link.send({ event: 'wait', data: null, seq: call, call });
    link.send({ event: 'echo', data: 1, seq: 3, call: 3 });
    expect(await link.next()).toMatchObject({ reply: 3, error: { code: 'too-many' } });
    link.send({ cancel: 1, seq: 4 });
    link.send({ event: 'echo', data: 2, seq: 5, call: 5 });
    expect(await link.next()).toMatchObject({ reply: 5, data: 2 });
  });
});

describe('rooms', () => {
  it('one more than a session may be in gets too-many, and nothing closes', async () => {
    const hub = velox.createHub({ limits: { rooms: 2 }, canJoin: () => true });
    await using server = await listen(hub.handle);
    const link = rawWebSocket(server.origin);
    onTestFinished(() => link.close());
    link.send({ open: {} });
    await link.next();
    for (const [at, room] of ['a', 'b', 'c'].entries())
      link.send({ event: '$join', data: room, seq: at + 1, call: at + 1 });
    expect([await link.next(), await link.next()]).toMatchObject([{ reply: 1 }, { reply: 2 }]);
    expect(await link.next()).toMatchObject({ reply: 3, error: { code: 'too-many' } });
    link.send({ event: '$leave', data: 'a', seq: 4, call: 4 });
    link.send({ event: '$join', data: 'c', seq: 5, call: 5 });
    await link.next();
    expect(await link.next()).not.toHaveProperty('error');
  });
});
