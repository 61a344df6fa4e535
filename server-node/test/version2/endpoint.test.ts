/** An endpoint as clients of version 2 see it. */
import { request } from 'node:http';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import * as velox from '../../src/index.js';
import { GoClient, JsClient } from '../rig/version2-clients.js';
import { version2Stream, version2WebSocket } from '../rig/version2-links.js';
import { listen, type Listening } from '../rig/listen.js';
import { rawStream } from '../rig/raw-client.js';

afterEach(() => void vi.useRealTimers());

const PAD = 'x'.repeat(100);

async function serve<Context>(options?: velox.HubOptions<Context>) {
  const hub = velox.createHub<velox.AnyContract, Context>(options);
  const server = await listen(hub.handle);
  onTestFinished(async () => {
    await hub.close();
    await server.close();
  });
  return { hub, server };
}

/** Status and code of the answer to a request without `velox=3`; for a stream, the status alone. */
function ask({ origin }: Listening, headers: Record<string, string>, path = '/sync', method = 'GET') {
  return new Promise<[number | undefined, string | undefined]>((resolve, reject) => {
    const outgoing = request(`${origin}${path}`, { method, headers, agent: false });
    outgoing.on('error', reject).on('response', (response) => {
      const { statusCode, headers: head } = response;
      if (head['content-type'] === 'text/event-stream') {
        resolve([statusCode, undefined]);
        return void outgoing.destroy();
      }
      let text = '';
      response.on('data', (data: Buffer) => (text += data.toString()));
      response.on('end', () => {
        const { error } = JSON.parse(text) as { error?: { code: string } };
        resolve([statusCode, error?.code]);
      });
    });
    outgoing.end();
  });
}

const STREAM = { accept: 'text/event-stream' };

describe('a request without velox=3', () => {
  it.each([
    ['Accept: text/event-stream', STREAM, undefined, 200, undefined],
    [
      'Accept: text/event-stream, */*',
      { accept: 'text/event-stream, */*' },
      undefined,
      400,
      'unsupported-version',
    ],
    ['POST', STREAM, 'POST', 404, 'not-found'],
    ['Accept: */*, for the value as JSON', { accept: '*/*' }, undefined, 200, undefined],
  ])('%s', async (_, headers, method, ...answer) => {
    const { hub, server } = await serve();
    hub.state('', { n: 1 });
    expect(await ask(server, headers, '/sync', method)).toEqual(answer);
  });

  it('is refused with version2: false', async () => {
    const { hub, server } = await serve({ version2: false });
    hub.state('', { n: 1 });
    expect(await ask(server, STREAM)).toEqual([400, 'unsupported-version']);
  });

  it('is served to a plain EventSource of a page, with CORS for the origins that are listed', async () => {
    const { hub, server } = await serve({ origins: ['https://app.example'] });
    hub.state('', { n: 1 });
    const headers = { ...STREAM, origin: 'https://app.example' };
    const stop = new AbortController();
    const { headers: head } = await fetch(`${server.origin}/sync`, { headers, signal: stop.signal });
    stop.abort();
    expect(head.get('access-control-allow-origin')).toBe('https://app.example');
    expect(head.get('access-control-allow-credentials')).toBe('true');
  });

  it('is served by fetch(request), too', async () => {
    const state = velox.state({ n: 1 });
    const { body, headers } = await state.fetch(new Request('http://localhost/sync', { headers: STREAM }));
    expect(headers.get('content-type')).toBe('text/event-stream');
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    expect(Buffer.from(value ?? []).toString()).toBe(
      `id: 0\ndata: {"ping":true}\n\nid: 1\ndata: {"id":"${state.position().id}","version":1,"body":{"n":1}}\n\n`,
    );
    await reader.cancel();
    await state.close();
  });
});

describe('rights and limits', () => {
  const options: velox.HubOptions<string> = {
    authorize({ header }) {
      const name = header('x-user');
      if (!name) throw new velox.VeloxError('unauthorized', 'who is it?');
      return name;
    },
    identify: (name) => name,
    canSubscribe: (name, topic) => topic !== 'secret' || name === 'ann',
    limits: { sessionsPerIdentity: 1 },
  };

  it.each([
    ['401 for a client that authorize refuses', {}, '/sync', 401, 'unauthorized'],
    ['403 for a topic that it may not see', { 'x-user': 'ben' }, '/sync?topic=secret', 403, 'forbidden'],
    ['404 for a topic that does not exist', { 'x-user': 'ben' }, '/sync?topic=none', 404, 'not-found'],
    ['the topic that the query names', { 'x-user': 'ann' }, '/sync?topic=secret', 200, undefined],
  ])('%s', async (_, headers, path, ...answer) => {
    const { hub, server } = await serve(options);
    hub.state('', { n: 1 });
    hub.state('secret', { n: 1 });
    expect(await ask(server, { ...STREAM, ...(headers as Record<string, string>) }, path)).toEqual(answer);
  });

  it('429 above the limit of sessions', async () => {
    const { hub, server } = await serve(options);
    hub.state('', { n: 1 });
    const first = version2Stream(`${server.origin}/sync`, new GoClient(), { 'x-user': 'ann' });
    await first.until(1);
    expect(await ask(server, { ...STREAM, 'x-user': 'ann' })).toEqual([429, 'too-many']);
    expect(hub.stats()).toMatchObject({ sessions: 1, subscriptions: 1 });
    first.close();
    await vi.waitFor(() => expect(hub.stats()).toMatchObject({ sessions: 0, subscriptions: 0 }));
  });

  it('a topic that is withdrawn, or becomes a list, ends the link; a list is logged once', async () => {
    const entries: velox.LogEntry[] = [];
    let isAllowed = true;
    const { hub, server } = await serve({
      canSubscribe: () => isAllowed,
      logger: (entry) => entries.push(entry),
    });
    const state = hub.state<'', object>('', { n: 1 });
    const open = () => version2Stream(`${server.origin}/sync`, new JsClient());
    const first = open();
    await first.until(1);
    isAllowed = false;
    await hub.recheck();
    expect(await first.ended).toBe('ended');
    isAllowed = true;
    const second = open();
    await second.until(1);
    state.set([1]);
    expect(await second.ended).toBe('ended');
    expect(await ask(server, STREAM)).toEqual([406, 'not-acceptable']);
    expect(entries).toMatchObject([{ level: 'warn', event: 'no object for version 2', topic: '' }]);
    expect(hub.stats().sessions).toBe(0);
  });

  it('close() ends the link of a version 2 client', async () => {
    const { hub, server } = await serve();
    hub.state('', { n: 1 });
    const link = version2Stream(`${server.origin}/sync`, new GoClient());
    await link.until(1);
    await hub.close();
    expect(await link.ended).toBe('ended');
  });

  it('a version 3 client beside it is served as before', async () => {
    const { hub, server } = await serve();
    const state = hub.state('', { n: 1, PAD });
    const old = version2Stream(`${server.origin}/sync`, new GoClient());
    const stream = rawStream(`${server.origin}/sync`);
    await old.until(1);
    await stream.find((frame) => 'version' in frame);
    state.update((draft) => void (draft.n = 2));
    await old.until(2);
    expect(old.client.counts).toEqual({ wholes: 1, deltas: 1 });
    const delta = { version: 2, delta: true, body: [{ op: 'replace', path: '/n', value: 2 }] };
    expect(await stream.find((frame) => 'delta' in frame)).toEqual(delta);
    stream.close();
    old.close();
  });
});

describe('a WebSocket without velox=3', () => {
  it('is not for Velox by default', async () => {
    const { hub, server } = await serve();
    hub.state('', { n: 1 });
    expect(await version2WebSocket(`${server.origin}/sync`, new JsClient()).ended).toBe('refused 404');
  });

  it('stays with another listener for upgrades, also with version2: true', async () => {
    const { hub, server } = await serve({ version2: true });
    hub.state('', { n: 1 });
    const others = new WebSocketServer({ server: server.server });
    onTestFinished(() => others.close());
    const taken = new Promise<string | undefined>((resolve) =>
      others.on('connection', (socket, incoming) => {
        resolve(incoming.url);
        socket.close();
      }),
    );
    const link = version2WebSocket(`${server.origin}/vite`, new JsClient());
    expect(await taken).toBe('/vite');
    link.close();
  });

  it('is refused with a status if its page is of a foreign origin', async () => {
    const { hub, server } = await serve({ version2: true });
    hub.state('', { n: 1 });
    const link = version2WebSocket(`${server.origin}/sync`, new JsClient(), false, 'https://evil.example');
    expect(await link.ended).toBe('refused 403');
  });

  it('is refused with a status if authorize refuses it', async () => {
    const { hub, server } = await serve({
      version2: true,
      authorize: () => {
        throw new velox.VeloxError('forbidden', 'go away.');
      },
    });
    hub.state('', { n: 1 });
    expect(await version2WebSocket(`${server.origin}/sync`, new JsClient()).ended).toBe('refused 403');
  });

  it('ends after 30 s without a message; any text keeps it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { hub, server } = await serve({ version2: true });
    const state = hub.state('', { n: 1, PAD });
    const link = version2WebSocket(`${server.origin}/sync`, new JsClient());
    await link.until(1);
    for (let version = 2; version < 5; version++) {
      vi.advanceTimersByTime(25_000);
      await link.send(version % 2 ? 'ping' : 'no frame at all');
      state.update((draft) => void (draft.n = version));
      await link.until(version);
    }
    vi.advanceTimersByTime(30_000);
    vi.useRealTimers();
    expect(await link.ended).toBe('closed 4408 timeout');
  });

  it('stays open if its ping waits unread when the 30 s are over', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { hub, server } = await serve({ version2: true });
    hub.state('', { n: 1 });
    const link = version2WebSocket(`${server.origin}/sync`, new JsClient());
    await link.until(1);
    await new Promise((resolve) => setImmediate(resolve)); // timers, too, run before sockets are read
    link.post('ping');
    vi.advanceTimersByTime(30_000);
    expect(await Promise.race([link.send('ping'), link.ended])).toBeUndefined();
    vi.useRealTimers();
    link.close();
  });

  it('is not idle while its client pings, with limits.idle', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const { hub, server } = await serve({ version2: true, limits: { idle: 40_000 } });
    hub.state('', { n: 1 });
    const link = version2WebSocket(`${server.origin}/sync`, new JsClient());
    await link.until(1);
    for (let count = 0; count < 6; count++) {
      vi.advanceTimersByTime(25_000);
      expect(await Promise.race([link.send('ping'), link.ended])).toBeUndefined();
    }
    vi.useRealTimers();
    link.close();
  });

  it('closes when its session is closed with a code that is longer than a close frame', async () => {
    const { hub, server } = await serve({ version2: true });
    hub.state('', { n: 1 });
    const link = version2WebSocket(`${server.origin}/sync`, new JsClient());
    await link.until(1);
    hub.sessions()[0]?.close('x'.repeat(200));
    expect(await link.ended).toBe(`closed 4400 ${'x'.repeat(123)}`);
  });

  it('counts against the limit of messages per second', async () => {
    const { hub, server } = await serve({ version2: true, limits: { rate: 10 } });
    hub.state('', { n: 1 });
    const link = version2WebSocket(`${server.origin}/sync`, new JsClient());
    await link.until(1);
    for (let count = 0; count < 50; count++) link.post('ping');
    expect(await link.ended).toBe('closed 4429 too-many');
  });
});
