/** Clients in debt to `limits.rate`: their frames wait until it is paid, and are not taken for a flood. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawWebSocket, type Frame } from './rig/raw-client.js';
import { HANDSHAKE, RawConnection } from './rig/raw-connection.js';
import { frame } from './rig/raw-frames.js';

/** Each list of so many topics, with a question for each, costs 30 frames. */
const TOPICS = 100;
const RATE = 40;

/** A list of topics. The first three lead a new session into debt, and five also one on a machine that stands still for a second. */
const list = (at: number): object => ({
  subscribe: Array.from({ length: TOPICS }, (_, n) => ({ topic: `${at}/${n}` })),
});
const note = (seq: number): object => ({ event: 'note', data: seq, seq });

async function start(rate = RATE) {
  const heard: number[] = [];
  const ended: string[] = [];
  const hub = velox.createHub({
    limits: { rate },
    canSubscribe: () => true,
    onDisconnect: (_, reason) => void ended.push(reason),
  });
  for (let at = 0; at < 5; at++) for (let n = 0; n < TOPICS; n++) hub.state(`${at}/${n}`, { n });
  hub.on('note', (_, data) => heard.push(data as number));
  const server = await listen(hub.handle);
  onTestFinished(async () => {
    await server.close();
    await hub.close();
  });
  const post = (frames: object[], headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${server.origin}?velox=3`, {
      method: 'POST',
      headers: { accept: 'application/json', ...headers },
      body: JSON.stringify(frames),
    });
  /** Opens a session by long-polling. Returns the headers of its requests. */
  const open = async (): Promise<Record<string, string>> => {
    const [{ hello }] = (await (await post([{ open: {} }])).json()) as [{ hello: { session: string } }];
    return { 'velox-session': hello.session };
  };
  return { hub, heard, ended, origin: server.origin, post, open };
}

const isHello = (frame: Frame): boolean => 'hello' in frame;
const isState = (frame: Frame): boolean => 'version' in frame;
const isAck = (seq: number) => (frame: Frame) => frame.ack === seq;

it('frames of a POST behind one that leads into debt wait, and are executed in order', async () => {
  const { hub, heard, ended, post, open } = await start();
  const headers = await open();
  const notes = Array.from({ length: 20 }, (_, at) => note(at + 1));
  const answer = await post([list(0), list(1), list(2), list(3), ...notes], headers);
  expect([answer.status, await answer.json()]).toEqual([200, { ack: 20 }]);
  expect(heard).toEqual(notes.map((_, at) => at + 1));
  expect(hub.stats()).toMatchObject({ sessions: 1, subscriptions: 4 * TOPICS });
  expect(ended).toEqual([]);
});

it('a repetition of a POST whose frames wait is answered after them', async () => {
  const { heard, post, open } = await start();
  const headers = { ...(await open()), 'velox-post': '1' };
  const frames = [list(0), list(1), list(2), note(1), note(2)];
  const both = [post(frames, headers)];
  await new Promise((resolve) => setTimeout(resolve, 50));
  both.push(post(frames, headers));
  for (const answer of await Promise.all(both)) expect(await answer.json()).toEqual({ ack: 2 });
  expect(heard).toEqual([1, 2]);
});

it('frames on a WebSocket that arrive during a debt wait, also more than the rate allows at once', async () => {
  const { heard, ended, origin } = await start();
  const link = rawWebSocket(origin);
  link.send({ open: {} });
  for (let at = 0; at < 5; at++) link.send(list(at));
  const notes = Array.from({ length: RATE }, (_, at) => note(at + 1));
  for (const each of notes) link.send(each);
  link.send({ ping: true, ack: true });
  await link.find(isAck(notes.length));
  expect(heard).toEqual(notes.map((_, at) => at + 1));
  expect(ended).toEqual([]);
  link.close();
});

it('control frames on a WebSocket that arrive during a debt do not end the session', async () => {
  const { ended, origin } = await start();
  const socket = new WebSocket(`${origin.replace('http', 'ws')}?velox=3`);
  onTestFinished(() => socket.terminate());
  const pongs = vi.fn();
  socket.on('pong', pongs);
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send('{"open":{}}');
  await new Promise((resolve) => socket.once('message', resolve));
  for (let at = 0; at < 5; at++) socket.send(JSON.stringify(list(at)));
  for (let at = 0; at < 10; at++) socket.ping();
  await vi.waitFor(() => expect(pongs).toHaveBeenCalledTimes(10), 5_000);
  expect(ended).toEqual([]);
});

/** Leads a session into a debt of some seconds, over a link that then ends. Returns its id. */
async function owing({ hub, origin }: Awaited<ReturnType<typeof start>>): Promise<string> {
  const link = rawWebSocket(origin);
  link.send({ open: {} });
  const { hello } = (await link.find(isHello)) as { hello: { session: string } };
  link.send(list(0));
  await link.find(({ topic }) => topic === `0/${TOPICS - 1}`);
  link.close();
  await vi.waitFor(() => expect(hub.stats().away).toBe(1));
  return hello.session;
}

describe('a session that resumes during its debt', () => {
  it('a session that resumes in debt gets hello immediately, and its topics when the debt is paid, over a WebSocket', async () => {
    const test = await start(5);
    const session = await owing(test);
    const link = rawWebSocket(test.origin);
    link.send([{ open: { session } }, list(4)]);
    expect(await link.find(isHello)).toMatchObject({ hello: { session } });
    expect(link.frames).toHaveLength(1);
    expect(await link.find(isState)).toMatchObject({ topic: '4/0', version: 1 });
    expect(test.ended).toEqual([]);
    link.close();
  });

  it('a session that resumes in debt gets hello immediately, and its topics when the debt is paid, over long-polling', async () => {
    const { origin, post, ended, ...test } = await start(5);
    const session = await owing({ origin, post, ended, ...test });
    const opened = await post([{ open: { session } }, list(4)]);
    expect(await opened.json()).toMatchObject([{ hello: { session } }]);
    const headers = { accept: 'application/json', 'velox-session': session };
    const polled = await fetch(`${origin}?velox=3`, { headers });
    expect(await polled.json()).toMatchObject([{ topic: '4/0', version: 1 }, ...Array<object>(99).fill({})]);
    expect(ended).toEqual([]);
  });

  it('a session that resumes in debt, and ends, calls onDisconnect immediately', async () => {
    const test = await start(5);
    const session = await owing(test);
    const link = rawWebSocket(test.origin);
    link.send([{ open: { session } }, list(4)]);
    await link.find(isHello);
    await test.hub.close();
    expect(test.ended).toEqual(['going-away']);
  });
});

describe('a hostile client', () => {
  it('a POST full of small frames is refused', async () => {
    const { post, open } = await start();
    const answer = await post(Array<object>(70_000).fill({ ping: true }), await open());
    expect([answer.status, await answer.json()]).toMatchObject([429, { error: { code: 'too-many' } }]);
  });

  it('a message in 2,000 frames of a WebSocket costs as much as 100 messages', async () => {
    const { heard, origin, post, open } = await start(5);
    const peer = new RawConnection(origin);
    onTestFinished(() => void peer.socket.destroy());
    peer.request(HANDSHAKE);
    await peer.until(/101 Switching Protocols/);
    peer.socket.write(frame.text('{"open":{}}'));
    await peer.until(/"hello"/);
    const parts = [JSON.stringify(note(1)), ...Array<string>(1_999).fill('')];
    peer.socket.write(Buffer.concat([...frame.fragments(parts, false), frame.text(JSON.stringify(note(2)))]));
    await post([{ event: 'note', data: 3, seq: 1 }], await open());
    expect(heard).toEqual([3]); // the others wait for 18 s
  });

  it('a large POST whose frames are refused costs as much as any other', async () => {
    const { heard, post, open } = await start(5);
    const headers = await open();
    const refused = await post([{ event: 'note', data: 'x'.repeat(1_000_000) }, {}], headers);
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: 'bad-frame' } }]);
    void post([note(1)], headers).catch(() => undefined); // half a minute later
    await post([{ event: 'note', data: 2, seq: 1 }], await open());
    expect(heard).toEqual([2]);
  });

  it('frames of a client in debt are executed no faster than it pays', async () => {
    const { heard, post, open } = await start();
    const headers = await open();
    const notes = Array.from({ length: 20_000 }, (_, at) => note(at + 1));
    const frames = [list(0), list(1), list(2), ...notes];
    const answered = vi.fn();
    const begun = performance.now();
    for (const each of [post(frames, headers), post(frames, headers)])
      void each.then(answered, () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.length).toBeLessThanOrEqual(((performance.now() - begun) / 1_000) * RATE);
    expect(answered).not.toHaveBeenCalled();
  });
});
