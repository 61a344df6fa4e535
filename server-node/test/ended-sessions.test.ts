/** Sessions that the application closes while frames of their clients are still there: none of these frames has an effect. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawWebSocket } from './rig/raw-client.js';

const OPENING = [
  { open: {} },
  { subscribe: [{ topic: 'board' }] },
  { event: 'note', data: 1, seq: 1 },
  { event: 'buy', data: 1, call: 1, seq: 2 },
];

/** A hub whose handlers and errors are counted. */
function countingHub(rules: Pick<velox.HubOptions, 'onConnect' | 'onReconnect'> = {}) {
  const ran = vi.fn();
  const errors: unknown[] = [];
  const hub = velox.createHub({
    ...rules,
    logger: ({ level, error }) => void (level === 'error' && errors.push(error)),
  });
  hub.state('board', { n: 1 });
  hub.on('note', ran);
  hub.answer('buy', ran);
  onTestFinished(() => hub.close());
  return { hub, ran, errors };
}

const banning = (session: velox.Session): void => session.close('banned', 'Go away.');
const BYE = { bye: { code: 'banned', reason: 'Go away.', retry: false } };

const post = (url: string, accept: string, frames: object[], headers: Record<string, string> = {}): Request =>
  new Request(`${url}/?velox=3`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify(frames),
  });

describe('a session that onConnect closes', () => {
  it('executes no frame of the message that opened it, over a WebSocket', async () => {
    const { hub, ran, errors } = countingHub({ onConnect: banning });
    await using server = await listen(hub.handle);
    const link = rawWebSocket(server.origin);
    link.send(OPENING);
    expect(await link.find((frame) => 'bye' in frame)).toEqual(BYE);
    expect(await link.whenEnded()).toBe('closed 4000 banned');
    expect(ran).not.toHaveBeenCalled();
    expect(hub.stats()).toMatchObject({ sessions: 0, subscriptions: 0 });
    expect(errors).toEqual([]);
  });

  it('ends its link if the code is longer than a close frame', async () => {
    const code = 'ü'.repeat(100);
    const { hub, errors } = countingHub({ onConnect: (session) => session.close(code) });
    await using server = await listen(hub.handle);
    const link = rawWebSocket(server.origin);
    link.send(OPENING);
    expect(await link.find((frame) => 'bye' in frame)).toMatchObject({ bye: { code } });
    expect(await link.whenEnded()).toBe(`closed 4000 ${'ü'.repeat(61)}`);
    expect(errors).toEqual([]);
  });

  it.each([
    ['node:http', 'text/event-stream'],
    ['node:http', 'application/json'],
    ['fetch', 'text/event-stream'],
    ['fetch', 'application/json'],
  ])('executes no frame of the POST that opened it, over %s with %s', async (way, accept) => {
    const { hub, ran, errors } = countingHub({ onConnect: banning });
    await using server = await listen(hub.handle);
    const request = post(server.origin, accept, OPENING);
    const answer = await (way === 'fetch' ? hub.fetch(request) : fetch(request));
    expect(await answer.text()).toContain(JSON.stringify(BYE));
    expect(ran).not.toHaveBeenCalled();
    expect(hub.stats()).toMatchObject({ sessions: 0, subscriptions: 0 });
    expect(errors).toEqual([]);
  });

  it.each(['node:http', 'fetch'])('says goodbye to a plain EventSource, over %s', async (way) => {
    const { hub, errors } = countingHub({ onConnect: banning });
    const events = hub.sse();
    await using server = await listen((request, response) => void events.handle(request, response));
    const answer = await (way === 'fetch' ? events.fetch(new Request(server.origin)) : fetch(server.origin));
    expect(await answer.text()).toContain('id: closed\n');
    expect(hub.stats().sessions).toBe(0);
    expect(errors).toEqual([]);
  });

  it.each(['node:http', 'fetch'])('ends the stream of a client of version 2, over %s', async (way) => {
    const { hub, errors } = countingHub({ onConnect: banning });
    await using server = await listen(hub.handle);
    const request = new Request(`${server.origin}/?topic=board`, {
      headers: { accept: 'text/event-stream' },
    });
    const answer = await (way === 'fetch' ? hub.fetch(request) : fetch(request));
    expect(await answer.text()).not.toContain('"n":1');
    expect(hub.stats()).toMatchObject({ sessions: 0, subscriptions: 0 });
    expect(errors).toEqual([]);
  });
});

it('a session that onReconnect closes executes no frame of the message that resumed it', async () => {
  const { hub, ran } = countingHub({ onReconnect: (session) => session.close() });
  await using server = await listen(hub.handle);
  const first = rawWebSocket(server.origin);
  first.send({ open: {} });
  const { hello } = (await first.next()) as { hello: { session: string } };
  const second = rawWebSocket(server.origin);
  second.send([{ open: { session: hello.session } }, ...OPENING.slice(1)]);
  await second.whenEnded();
  expect(ran).not.toHaveBeenCalled();
  expect(hub.stats()).toMatchObject({ sessions: 0, subscriptions: 0 });
});

it('frames of a POST behind the frame whose handler closed the session have no effect', async () => {
  const { hub, ran } = countingHub();
  hub.on('logout', banning);
  await using server = await listen(hub.handle);
  const opened = await fetch(post(server.origin, 'application/json', [{ open: {} }]));
  const [{ hello }] = (await opened.json()) as [{ hello: { session: string; link: number } }];
  const headers = { 'velox-session': hello.session, 'velox-link': `${hello.link}` };
  const frames = [
    { event: 'logout', data: null, seq: 1 },
    { subscribe: [{ topic: 'board' }] },
    { event: 'note', data: 1 },
    { event: 'buy', data: 1, call: 1 },
  ];
  const answer = await fetch(post(server.origin, 'application/json', frames, headers));
  expect(await answer.json()).toEqual({ ack: 1 });
  const polled = await fetch(`${server.origin}/?velox=3`, {
    headers: { accept: 'application/json', 'velox-session': hello.session },
  });
  expect(await polled.json()).toContainEqual(BYE);
  expect(ran).not.toHaveBeenCalled();
  expect(hub.stats()).toMatchObject({ sessions: 0, subscriptions: 0 });
});

describe('a session that has emitted more events than it keeps, with `overflow: close`,', () => {
  it.each([
    ['session.close()', 'banned', 'closed 4000 banned'],
    ['hub.close()', 'going-away', 'closed 1001 going-away'],
  ])('gets the goodbye of %s in the same tick, and its link ends', async (how, code, ended) => {
    const entries: velox.LogEntry[] = [];
    const hub = velox.createHub({
      events: { count: 5, overflow: 'close' },
      logger: (entry) => entries.push(entry),
    });
    hub.on('flood', (session) => {
      for (let n = 0; n < 10; n++) session.emit('n', n);
      if (how === 'hub.close()') void hub.close();
      else banning(session);
    });
    await using server = await listen(hub.handle);
    const link = rawWebSocket(server.origin);
    link.send([{ open: {} }, { event: 'flood', data: null, seq: 1 }]);
    expect(await link.find((frame) => 'bye' in frame)).toMatchObject({ bye: { code } });
    expect(await link.whenEnded()).toBe(ended);
    expect(hub.stats().sessions).toBe(0);
    expect(entries).toEqual([]);
  });
});
