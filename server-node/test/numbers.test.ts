/** Numbers, acknowledgements and drops on the wire, seen by clients that follow PROTOCOL.md alone. */
import { describe, expect, it, vi } from 'vitest';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawSubscribe, rawWebSocket, type Frame } from './rig/raw-client.js';
import { RAW } from './rig/raw-requests.js';

interface Chat {
  readonly hub: velox.Hub;
  readonly heard: unknown[];
  /** The newest session that has said something. */
  readonly session: () => velox.Session;
}

function chat(options?: velox.HubOptions): Chat {
  const hub = velox.createHub(options);
  hub.state('', { n: 1 });
  const heard: unknown[] = [];
  let newest: velox.Session | undefined;
  hub.on('chat', (session, data) => {
    newest = session;
    heard.push(data);
  });
  return { hub, heard, session: () => newest! };
}

const isEvent = (frame: Frame): boolean => 'event' in frame;
const isAsking = (frame: Frame): boolean => 'ping' in frame && 'ack' in frame;

describe.each(['websocket', 'sse', 'polling'] as const)('over %s', (transport) => {
  it('only the first event of a link carries its number, in both directions', async () => {
    const { hub, heard, session } = chat();
    await using server = await listen(hub.handle);
    const link = RAW[transport](server.origin);
    link.send({ event: 'chat', data: 'one', seq: 1 });
    link.send({ event: 'chat', data: 'two' });
    link.send({ event: 'chat', data: 'none', seq: 0 });
    link.send({ event: 'chat', data: 'three' });
    link.send({ ping: true, ack: true });
    await link.find(({ ack }) => ack === 3);
    expect(heard).toEqual(['one', 'two', 'none', 'three']);
    for (const n of [1, 2, 3]) session().emit('n', n);
    expect(await link.find(isEvent)).toEqual({ event: 'n', data: 1, seq: 1 });
    expect(await link.find(isEvent)).toEqual({ event: 'n', data: 2 });
    expect(await link.find(isEvent)).toEqual({ event: 'n', data: 3 });
    link.close();
  });

  it('the heartbeat asks for an acknowledgement until it has one', async () => {
    const { hub, session } = chat({ heartbeat: 250 });
    await using server = await listen(hub.handle);
    const link = RAW[transport](server.origin);
    link.send({ event: 'chat', data: 1, seq: 1 });
    await link.find(({ ack }) => ack === 1);
    session().emit('n', 1);
    await link.find(isEvent);
    expect(await link.find(isAsking)).toEqual({ ping: true, ack: true });
    link.send({ ack: 1 });
    // Requests that were under way may follow; then the heartbeat is a plain one again, twice in a row.
    for (let plain = 0; plain < 3;)
      plain = isAsking(await link.find((frame) => 'ping' in frame)) ? 0 : plain + 1;
    link.close();
  });
});

it('a server acknowledges each 256 frames, and asks nothing for that', async () => {
  const { hub } = chat();
  await using server = await listen(hub.handle);
  const link = rawSubscribe(server.origin);
  await link.find((frame) => 'hello' in frame); // before it, a client may send 16 KiB
  link.send({ event: 'chat', data: 0, seq: 1 });
  for (let count = 2; count <= 600; count++) link.send({ event: 'chat', data: 0 });
  link.send({ ping: true });
  await link.find((frame) => 'ping' in frame);
  const acks = link.frames.flatMap(({ ack }) => (ack === undefined ? [] : [ack as number]));
  // Frames that arrive together are acknowledged together.
  expect(acks.length).toBeGreaterThan(0);
  expect(acks.length).toBeLessThanOrEqual(2);
  expect(acks.at(-1)).toBeGreaterThanOrEqual(512);
});

it('a session that resumes gets its topics before the events that were kept', async () => {
  const { hub, session } = chat();
  const state = hub.state('board', { n: 1 });
  await using server = await listen(hub.handle);
  const first = rawSubscribe(server.origin, { topic: 'board' });
  const { hello } = (await first.find((frame) => 'hello' in frame)) as { hello: { session: string } };
  first.send({ event: 'chat', data: 1, seq: 1 });
  first.send({ ping: true, ack: true });
  await first.find((frame) => 'ack' in frame);
  first.close();
  while (hub.stats().away === 0) await new Promise((resolve) => setImmediate(resolve));
  state.update((draft) => void draft.n++);
  session().emit('n', 2);
  const next = rawWebSocket(server.origin);
  next.send([{ open: { session: hello.session } }, { subscribe: [{ topic: 'board' }] }]);
  await next.find(isEvent);
  expect(next.frames.map((frame) => Object.keys(frame)[0])).toEqual(['hello', 'topic', 'event']);
  next.close();
});

it('a first event without a number closes the link', async () => {
  const { hub, heard } = chat();
  await using server = await listen(hub.handle);
  const link = rawSubscribe(server.origin);
  link.send({ event: 'chat', data: 1 });
  expect(await link.whenEnded()).toBe('closed 4400 bad-frame');
  expect(heard).toEqual([]);
});

it('a client that reads slowly is told on the live link how many events were dropped', async () => {
  const { hub, session } = chat({ compression: false });
  const big = hub.state('big', { pad: '' });
  await using server = await listen(hub.handle);
  const link = rawWebSocket(server.origin);
  link.send({ open: {} });
  link.send({ subscribe: [{ topic: 'big' }] });
  link.send({ event: 'chat', data: 1, seq: 1 });
  link.send({ ping: true, ack: true });
  await link.find((frame) => 'ack' in frame);
  link.pause();
  big.set({ pad: 'x'.repeat(32 << 20) }); // more than all buffers on the way take
  while (hub.stats().waiting === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let n = 1; n <= 1_005; n++) session().emit('n', n);
  link.resume();
  expect(await link.find((frame) => 'dropped' in frame)).toEqual({ dropped: 5 });
  expect(await link.find(isEvent)).toEqual({ event: 'n', data: 6, seq: 1 });
  for (let n = 7; n <= 1_005; n++) expect(await link.find(isEvent)).toEqual({ event: 'n', data: n });
});

describe('for a client that reads and acknowledges nothing,', () => {
  const LIMITS = { events: { count: 2 } };

  /** Opens a link for a session, or a new one. */
  async function open(
    origin: string,
    session?: unknown,
  ): Promise<{ link: ReturnType<typeof rawWebSocket>; session: unknown }> {
    const link = rawWebSocket(origin);
    link.send({ open: { session } });
    const { hello } = (await link.find((frame) => 'hello' in frame)) as { hello: Frame };
    return { link, session: hello.session };
  }

  it('a reply that is given up is replaced by a short one when there is room', async () => {
    const { hub } = chat({ ...LIMITS });
    hub.answer('get', () => 'a reply');
    await using server = await listen(hub.handle);
    const { link } = await open(server.origin);
    link.send({ event: 'get', data: null, call: 7, seq: 1 });
    await link.find((frame) => 'reply' in frame);
    for (const n of [1, 2]) hub.emit('n', n);
    await link.find(({ data }) => data === 2);
    link.send({ ack: 3 });
    const { reply, error } = await link.find((frame) => 'reply' in frame);
    expect([reply, error]).toEqual([7, expect.objectContaining({ code: 'unknown-outcome' })]);
    link.close();
  });

  it('a link that replaces the former one reports lost events, and ends lost calls of the server', async () => {
    const onReconnect = vi.fn<(session: object, absence: velox.Absence) => void>();
    const { hub } = chat({ ...LIMITS, onReconnect });
    await using server = await listen(hub.handle);
    const { link, session } = await open(server.origin);
    const [handle] = hub.sessions();
    const outcome = handle!.call('ask', null, { timeout: Infinity }).catch((error: unknown) => error);
    await link.find(({ event }) => event === 'ask');
    for (const n of [1, 2]) handle!.emit('n', n);
    await link.find(({ data }) => data === 2);
    const later = await open(server.origin, session);
    expect(await outcome).toMatchObject({ code: 'unknown-outcome' });
    await vi.waitFor(() => expect(onReconnect).toHaveBeenCalled());
    expect(onReconnect.mock.lastCall?.[1]).toMatchObject({ dropped: 1, recovered: false });
    later.link.close();
  });
});
