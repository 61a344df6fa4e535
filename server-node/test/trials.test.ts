/** Trials of a transport: the server answers with hello, and no session begins. */
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../src/index.js';
import { createTestSync } from '../src/testing/index.js';
import { listen } from './rig/listen.js';
import { rawWebSocket, type Frame } from './rig/raw-client.js';

afterEach(() => void vi.useRealTimers());

const TRIAL = { open: { token: 'ann', trial: true } };

const HELLO = {
  hello: {
    protocol: 3,
    session: '',
    ack: 0,
    heartbeat: 15_000,
    limits: expect.objectContaining({ frame: 1_048_576 }) as object,
  },
};

/** A hub that knows its clients by their tokens, and counts its callbacks. */
function strictHub(options: Pick<velox.HubOptions<string>, 'duplicates' | 'limits'> = {}) {
  const onConnect = vi.fn();
  const onDisconnect = vi.fn();
  const hub = velox.createHub({
    authorize({ token }): string {
      if (token !== 'ann') throw new Error('a stranger');
      return token;
    },
    identify: (context) => context,
    name: (context) => context,
    onConnect,
    onDisconnect,
    ...options,
  });
  hub.state('board', { n: 1 });
  onTestFinished(() => hub.close());
  return { hub, onConnect, onDisconnect };
}

const post = (url: string, accept: string, frames: object[]): Request =>
  new Request(`${url}/?velox=3`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify(frames),
  });

/** Opens a WebSocket, and sends it these frames in one message. */
function openWith(origin: string, ...frames: object[]) {
  const link = rawWebSocket(origin);
  onTestFinished(() => link.close());
  link.send(frames);
  return link;
}

/** The first frame of a trial over each transport, and by each entrance of the server. */
const CARRIERS: Readonly<Record<string, (hub: velox.Hub, origin: string, open: object) => Promise<Frame>>> = {
  WebSocket: (_, origin, open) => openWith(origin, open).next(),
  'an event stream of node:http': async (_, origin, open) =>
    firstOfStream(await fetch(post(origin, 'text/event-stream', [open]))),
  'an event stream of fetch': async (hub, origin, open) =>
    firstOfStream(await hub.fetch(post(origin, 'text/event-stream', [open]))),
  'long-polling': async (_, origin, open) => {
    const answer = await fetch(post(origin, 'application/json', [open]));
    const body = (await answer.json()) as Frame[] | Frame;
    return Array.isArray(body) ? { ...body[0], ...(body.length > 1 && { more: body }) } : body;
  },
};

/** Returns the first frame of an event stream, or the refusal. */
async function firstOfStream(response: Response): Promise<Frame> {
  if (!response.ok) return (await response.json()) as Frame;
  const reader = response.body?.getReader();
  onTestFinished(() => reader?.cancel());
  const { value } = (await reader?.read()) as { value: Uint8Array };
  return JSON.parse(/^data: (.*)$/m.exec(new TextDecoder().decode(value))?.[1] ?? 'null') as Frame;
}

describe.each(Object.entries(CARRIERS))('a trial over %s', (_, begin) => {
  it.each(['both', 'replace', 'refuse'] as const)(
    'gets hello beside the session of the same name, which goes on, with duplicates: %j',
    async (duplicates) => {
      const { hub, onConnect, onDisconnect } = strictHub({ duplicates, limits: { sessionsPerIdentity: 1 } });
      await using server = await listen(hub.handle);
      const own = openWith(server.origin, { open: { token: 'ann' } });
      await own.next();
      expect(await begin(hub as velox.Hub, server.origin, TRIAL)).toEqual(HELLO);
      expect(hub.stats()).toMatchObject({ sessions: 1, away: 0, names: 1 });
      expect(hub.sessions()).toHaveLength(1);
      own.send({ ping: true });
      expect(await own.find((frame) => 'ping' in frame && !frame.ack)).toEqual({ ping: true });
      expect([onConnect.mock.calls.length, onDisconnect.mock.calls.length]).toEqual([1, 0]);
    },
  );

  it('gets the refusal of an attempt, if the client is not authorized', async () => {
    const { hub } = strictHub();
    await using server = await listen(hub.handle);
    const { bye, error } = await begin(hub, server.origin, {
      open: { token: 'ben', trial: true },
    });
    expect(bye ?? error).toMatchObject({ code: 'unauthorized' });
  });

  it('gets hello while the hub takes no new sessions, because the session of the client goes on', async () => {
    const { hub } = strictHub();
    hub.pause();
    await using server = await listen(hub.handle);
    expect(await begin(hub as velox.Hub, server.origin, TRIAL)).toEqual(HELLO);
  });

  it('is no sound frame unless `trial` is true', async () => {
    const { hub } = strictHub();
    await using server = await listen(hub.handle);
    const { bye, error } = await begin(hub, server.origin, {
      open: { token: 'ann', trial: 1 },
    });
    expect(bye ?? error).toMatchObject({ code: 'bad-frame' });
  });
});

describe('a trial', () => {
  it('counts as an opening of its address', async () => {
    const hub = velox.createHub({ trustProxy: 1, limits: { opensPerAddress: 1 } });
    onTestFinished(() => hub.close());
    const attempt = async (): Promise<number> => {
      const request = post('http://localhost', 'application/json', [{ open: { trial: true } }]);
      request.headers.set('x-forwarded-for', '203.0.113.7');
      return (await hub.fetch(request)).status;
    };
    const statuses: number[] = [];
    for (let count = 0; count < 6; count++) statuses.push(await attempt());
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  });

  it('applies no frame that comes along', async () => {
    const { hub } = strictHub();
    const onEvent = vi.fn();
    hub.on('note', onEvent);
    await using server = await listen(hub.handle);
    const link = openWith(server.origin, TRIAL, { event: 'note', data: 1, seq: 1 });
    await link.next();
    expect(onEvent).not.toHaveBeenCalled();
  });

  it('ends with bad-frame if a frame follows over its WebSocket', async () => {
    const { hub, onConnect } = strictHub();
    await using server = await listen(hub.handle);
    const link = openWith(server.origin, TRIAL);
    await link.next();
    link.send(TRIAL);
    expect(await link.next()).toMatchObject({ bye: { code: 'bad-frame' } });
    expect(await link.whenEnded()).toBe('closed 4400 bad-frame');
    expect(onConnect).not.toHaveBeenCalled();
  });

  it('ends with its client, over a WebSocket and over an event stream', async () => {
    const { hub } = strictHub();
    const ended: Promise<string>[] = [];
    await using server = await listen((request, response) => void ended.push(hub.handle(request, response)));
    const link = openWith(server.origin, TRIAL);
    await link.next();
    link.close();
    const abort = new AbortController();
    const response = await fetch(post(server.origin, 'text/event-stream', [TRIAL]), { signal: abort.signal });
    expect(response.status).toBe(200);
    abort.abort();
    expect(await Promise.all(ended)).toEqual([expect.stringContaining('closed'), 'closed']);
  });

  it('lasts until its client ends it, for 10 s: the end of an answer shows even behind a proxy that buffers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { hub } = strictHub({ limits: { handshake: 1_000 } });
    await using server = await listen(hub.handle);
    const link = openWith(server.origin, TRIAL);
    await link.next();
    const response = await fetch(post(server.origin, 'text/event-stream', [TRIAL]));
    const text = response.text();
    let isOver = false;
    void text.then(() => (isOver = true));
    vi.advanceTimersByTime(9_900);
    await new Promise((resolve) => setImmediate(resolve));
    expect([isOver, link.ended]).toEqual([false, undefined]);
    vi.advanceTimersByTime(100);
    expect(await text).toContain('"code":"timeout"');
    expect(await link.whenEnded()).toBe('closed 4408 timeout');
  });

  it('hears the goodbye of a server that closes', async () => {
    const { hub } = strictHub();
    await using server = await listen(hub.handle);
    const link = openWith(server.origin, TRIAL);
    await link.next();
    const response = await fetch(post(server.origin, 'text/event-stream', [TRIAL]));
    await hub.close();
    expect(await link.next()).toMatchObject({ bye: { code: 'going-away' } });
    expect(await response.text()).toContain('"code":"going-away"');
  });
});

describe('a client that fell back to event streams', () => {
  it.each(['both', 'replace', 'refuse'] as const)(
    'takes its session to the WebSocket that it tries beside them, with duplicates: %j',
    async (duplicates) => {
      const onConnect = vi.fn();
      const onDisconnect = vi.fn();
      await using test = await createTestSync({
        ...{ duplicates, onConnect, onDisconnect, limits: { sessionsPerIdentity: 1 } },
        authorize: () => 'ann',
        identify: (context) => context,
        name: (context) => context,
      });
      test.hub.state('board', { n: 1 });
      const sync = test.connect();
      test.inflict({ harm: 'refuse', ms: 2_000, what: ['websocket'] });
      sync.replica('board').subscribe(() => {});
      await test.advance(1_000);
      expect(sync.status.get()).toMatchObject({ state: 'open', transport: 'sse' });
      await test.advance(10_000);
      expect(sync.status.get()).toMatchObject({ state: 'open', transport: 'websocket' });
      expect(test.hub.sessions()).toHaveLength(1);
      expect([onConnect.mock.calls.length, onDisconnect.mock.calls.length]).toEqual([1, 0]);
    },
  );
});
