/** Sessions whose event stream was opened by GET: a Velox client's outlives its link, and a plain one ends with it. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../src/index.js';
import { createTestSync } from '../src/testing/index.js';
import { listen } from './rig/listen.js';
import { rawStream, rawWebSocket } from './rig/raw-client.js';

interface HelloOf {
  readonly hello: { readonly session: string };
}

describe('an event stream with one topic', () => {
  /** A client over event streams that wants one topic and one event. It has received the first event. */
  async function setUp() {
    const test = await createTestSync();
    onTestFinished(() => test[Symbol.asyncDispose]());
    test.hub.state('board', { n: 1 });
    const sync = test.connect({ transport: 'sse' });
    const received: unknown[] = [];
    sync.on('news', (data) => void received.push(data));
    sync.replica('board').subscribe(() => {});
    await test.advance();
    test.hub.emit('news', 'before');
    await test.advance();
    expect(received).toEqual(['before']);
    return { test, sync, received };
  }

  it('is resumed after a lost link, with the events since then', async () => {
    const { test, sync, received } = await setUp();
    const onReconnect = vi.fn();
    sync.onReconnect(onReconnect);
    test.inflict({ harm: 'drop' });
    await test.advance(2);
    expect(test.hub.stats()).toMatchObject({ sessions: 1, away: 1 });
    test.hub.emit('news', 'meanwhile');
    await test.advance(5_000);
    test.hub.emit('news', 'after');
    await test.advance();
    expect(received).toEqual(['before', 'meanwhile', 'after']);
    expect(onReconnect.mock.calls).toEqual([[expect.objectContaining({ recovered: true })]]);
    expect(test.hub.stats()).toMatchObject({ sessions: 1, away: 0 });
  });

  it('takes an event that was emitted directly before close()', async () => {
    const { test, sync } = await setUp();
    const onLeft = vi.fn();
    test.hub.on('left', (_, data) => onLeft(data));
    expect(sync.emit('left', 'bye')).toBe('sent');
    sync.close();
    await test.advance(1_000);
    expect(onLeft.mock.calls).toEqual([['bye']]);
  });

  it('ends 30 s after the link of a client that does not return', async () => {
    const { test, sync } = await setUp();
    sync.close();
    await test.advance(29_000);
    expect(test.hub.stats()).toMatchObject({ sessions: 1, away: 1 });
    await test.advance(2_000);
    expect(test.hub.stats()).toMatchObject({ sessions: 0, away: 0 });
  });
});

describe('a stream that is opened by GET', () => {
  /** Opens a stream with this query, and closes it. Returns the id of its session. */
  async function openAndLeave(hub: velox.Hub, origin: string, query: string): Promise<string> {
    const stream = rawStream(`${origin}/${query}`);
    const { hello } = (await stream.next()) as unknown as HelloOf;
    stream.close();
    await vi.waitFor(() => {
      const { sessions, away } = hub.stats();
      expect(sessions).toBe(away);
    });
    return hello.session;
  }

  it.each([
    ['?keep=1', 1, true],
    ['', 0, false],
    ['?keep=', 0, false],
  ])('leaves with the query %j %i session to resume', async (query, count, isSame) => {
    const hub = velox.createHub();
    onTestFinished(() => hub.close());
    await using server = await listen(hub.handle);
    const session = await openAndLeave(hub, server.origin, query);
    expect(hub.stats()).toMatchObject({ sessions: count, away: count });
    const link = rawWebSocket(server.origin);
    onTestFinished(() => link.close());
    link.send({ open: { session } });
    const { hello } = (await link.next()) as unknown as HelloOf;
    expect(hello.session === session).toBe(isSame);
  });

  it('makes room at a limit, after its link was lost', async () => {
    const hub = velox.createHub({ limits: { sessions: 2 } });
    onTestFinished(() => hub.close());
    await using server = await listen(hub.handle);
    for (let count = 0; count < 5; count++) await openAndLeave(hub, server.origin, '?keep=1');
    expect(hub.stats()).toMatchObject({ sessions: 2, away: 2 });
  });

  it('ends with its link for a client of version 2', async () => {
    const hub = velox.createHub();
    hub.state('', { n: 1 });
    onTestFinished(() => hub.close());
    await using server = await listen(hub.handle);
    const abort = new AbortController();
    const headers = { accept: 'text/event-stream' };
    await fetch(`${server.origin}/?keep=1`, { headers, signal: abort.signal });
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
    abort.abort();
    await vi.waitFor(() => expect(hub.stats()).toMatchObject({ sessions: 0, away: 0 }));
  });
});
