/** Limits of PROTOCOL.md: up to each all is well, who crosses it is told and let go, and a neighbour goes on. */
import { describe, expect, it } from 'vitest';
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
  ])('handshake: whoever %s has no session, and a neighbour goes on', async (_, frames) => {
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
