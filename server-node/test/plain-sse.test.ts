/** Plain event streams, read by the package `eventsource`, which follows the HTML specification, and as raw bytes. */
import express from 'express';
import { EventSource } from 'eventsource';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  createHub,
  VeloxError,
  type Hub,
  type HubOptions,
  type LogEntry,
  type Session,
  type SseEndpoint,
  type SseOptions,
} from '../src/index.js';
import { createFaultProxy } from './rig/fault-proxy.js';
import { listen } from './rig/listen.js';

interface Rig {
  readonly hub: Hub;
  readonly events: SseEndpoint<Parameters<Hub['only']>[0]>;
  readonly origin: string;
  readonly log: LogEntry[];
}

async function setUp(sse: SseOptions = {}, options: HubOptions = {}): Promise<Rig> {
  const log: LogEntry[] = [];
  const hub = createHub({ logger: (entry) => log.push(entry), ...options });
  const events = hub.sse({ retry: 20, ...sse });
  const server = await listen((request, response) => void events.handle(request, response));
  onTestFinished(async () => {
    await hub.close();
    await server.close();
  });
  return { hub, events, origin: server.origin, log };
}

interface Reader {
  readonly source: EventSource;
  readonly heard: [name: string, data: string][];
  /** The newest Last-Event-ID. */
  readonly lastId: () => string;
  readonly opened: () => number;
}

/** Opens a stream, and listens to events of these names. */
async function read(origin: string, names = ['note', 'message', 'side/note', '$dropped']): Promise<Reader> {
  const source = new EventSource(origin);
  onTestFinished(() => source.close());
  const heard: Reader['heard'] = [];
  let opened = 0;
  let id = '';
  source.onopen = () => opened++;
  for (const name of names) {
    source.addEventListener(name, ({ data }: MessageEvent<string>) => heard.push([name, data]));
  }
  source.addEventListener('$id', ({ lastEventId }: MessageEvent) => (id = lastEventId));
  await vi.waitFor(() => expect(opened).toBe(1));
  return { source, heard, lastId: () => id, opened: () => opened };
}

/** The text of a stream, as far as it has come. */
async function readRaw(
  origin: string,
  headers: Record<string, string> = {},
): Promise<{ text: () => string; response: Response; done: Promise<void> }> {
  const aborting = new AbortController();
  onTestFinished(() => aborting.abort());
  const response = await fetch(origin, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: aborting.signal,
  });
  let text = '';
  const decoder = new TextDecoder();
  const done = (async () => {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
    }
  })().catch(() => undefined);
  return { text: () => text, response, done };
}

const positionIn = (text: string): string => [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';

describe('a plain event stream', () => {
  it('carries named events, to all, to rooms, to names and to one session', async () => {
    const rig = await setUp(
      {
        name: (_, { request }) =>
          new URL((request as { url: string }).url, 'http://h').searchParams.get('me') ?? '',
      },
      { onConnect: (session) => session.join('lobby') },
    );
    const [ann, bob] = await Promise.all(['ann', 'bob'].map((me) => read(`${rig.origin}/?me=${me}`)));
    rig.hub.emit('note', { to: 'all' });
    rig.hub.to('lobby').notIn('attic').emit('message', [1, 2]);
    rig.hub.only('ann').emit('note', 'ann');
    rig.hub.except('ann').emit('note', 'not ann');
    const [last] = rig.hub.only('bob').sessions();
    last?.emit('note', null);
    await vi.waitFor(() => expect(bob?.heard).toHaveLength(4));
    last?.channel('side').emit('note', 1);
    await vi.waitFor(() => expect(bob?.heard).toHaveLength(5));
    expect(ann?.heard).toEqual([
      ['note', '{"to":"all"}'],
      ['message', '[1,2]'],
      ['note', '"ann"'],
    ]);
    expect(bob?.heard).toEqual([
      ['note', '{"to":"all"}'],
      ['message', '[1,2]'],
      ['note', '"not ann"'],
      ['note', 'null'],
      ['side/note', '1'],
    ]);
    expect([rig.events.size, rig.hub.stats().sessions, rig.hub.room('lobby').size]).toEqual([2, 2, 2]);
    expect(rig.hub.sessions()[0]?.transport).toBe('event-source');
  });

  it('writes the same bytes for all clients, then one id block for each write', async () => {
    const rig = await setUp();
    const streams = await Promise.all([readRaw(rig.origin), readRaw(rig.origin)]);
    await vi.waitFor(() => expect(rig.events.size).toBe(2));
    rig.hub.emit('note', 1);
    rig.hub.emit('note', 2);
    await vi.waitFor(() =>
      streams.forEach(({ text }) => expect(text()).toMatch(/:2\nevent: \$id\ndata:\n\n$/)),
    );
    const ids = streams.map(({ text }) => {
      const [, id] =
        /^retry: 20\n\nid: ([\w-]+):0\nevent: \$id\ndata:\n\nevent: note\ndata: 1\n\nevent: note\ndata: 2\n\nid: \1:2\nevent: \$id\ndata:\n\n$/.exec(
          text(),
        ) as string[];
      return id;
    });
    expect(new Set(ids).size).toBe(2);
    rig.hub.emit('note', 3);
    await vi.waitFor(() =>
      streams.forEach(({ text }) =>
        expect(text()).toMatch(/data: 3\n\nid: [\w-]+:3\nevent: \$id\ndata:\n\n$/),
      ),
    );
    rig.hub.volatile.emit('note', 4);
    await vi.waitFor(() => streams.forEach(({ text }) => expect(text()).toMatch(/data: 4\n\n$/)));
  });

  it('resumes after the event that the client has, with the events of the meantime', async () => {
    const absences: { dropped: number }[] = [];
    const connected: Session[] = [];
    const gone: Session[] = [];
    const rig = await setUp(
      {},
      {
        onConnect: (session) => connected.push(session),
        onAway(session) {
          session.emit('note', 2);
          session.emit('note', 3);
        },
        onReconnect: (_, absence) => absences.push(absence),
        onDisconnect: (session) => gone.push(session),
      },
    );
    const proxy = await createFaultProxy({ port: Number(new URL(rig.origin).port) });
    onTestFinished(() => proxy.close());
    const ann = await read(proxy.origin);
    rig.hub.emit('note', 1);
    await vi.waitFor(() => expect(ann.heard).toHaveLength(1));
    proxy.cut();
    await vi.waitFor(() => expect(ann.heard.map(([, data]) => data)).toEqual(['1', '2', '3']), 5_000);
    expect(ann.opened()).toBe(2);
    expect([connected, absences, gone].map((each) => each.length)).toEqual([1, 1, 0]);
    expect(absences[0]).toMatchObject({ dropped: 0 });
    expect(rig.hub.sessions()).toEqual(connected);
  });

  it('repeats events whose id block was lost: they arrive at least once', async () => {
    const rig = await setUp();
    const first = await readRaw(rig.origin);
    await vi.waitFor(() => expect(positionIn(first.text())).toMatch(/:0$/));
    const position = positionIn(first.text());
    rig.hub.emit('note', 1);
    await vi.waitFor(() => expect(first.text()).toContain('data: 1'));
    const second = await readRaw(rig.origin, { 'last-event-id': position });
    await vi.waitFor(() => expect(second.text()).toContain('data: 1'));
    await first.done; // the newer stream replaces it
    expect(rig.hub.stats().sessions).toBe(1);
  });

  it('says how many events were dropped, and when its session is gone', async () => {
    const rig = await setUp();
    const first = await readRaw(rig.origin);
    await vi.waitFor(() => expect(positionIn(first.text())).toMatch(/:0$/));
    const position = positionIn(first.text());
    for (let n = 0; n < 1_003; n++) rig.hub.emit('note', n);
    const second = await readRaw(rig.origin, { 'last-event-id': position });
    await vi.waitFor(() => expect(second.text()).toContain('data: 1002\n'));
    expect(second.text()).toContain('event: $dropped\ndata: 3\n\n');
    const third = await readRaw(rig.origin, { 'last-event-id': 'a-session-of-another-server:7' });
    await vi.waitFor(() => expect(third.text()).toContain('event: $dropped\ndata: null\n\n'));
    for (const bad of ['', ':', 'x:', 'x:-1', 'x:1e3', `${position}\u00e9`]) {
      const { text } = await readRaw(rig.origin, { 'last-event-id': bad });
      await vi.waitFor(() => expect(text()).toMatch(/^retry: 20\n\nid: [\w-]+:0\nevent: \$id\ndata:\n\n$/));
    }
  });

  it('after its session is gone, repeats events of the new session whose id block was lost', async () => {
    const rig = await setUp();
    const first = await readRaw(rig.origin, { 'last-event-id': 'a-session-before-the-restart:500' });
    await vi.waitFor(() => expect(first.text()).toMatch(/event: \$dropped\ndata: null\n\nid: [\w-]+:0\n/));
    const position = positionIn(first.text());
    rig.hub.emit('note', 1);
    await vi.waitFor(() => expect(positionIn(first.text())).toMatch(/:1$/));
    const second = await readRaw(rig.origin, { 'last-event-id': position });
    await vi.waitFor(() => expect(second.text()).toContain('data: 1'));
  });

  it('does not come back after the session was closed, and comes back after a restart', async () => {
    const rig = await setUp();
    const ann = await read(rig.origin);
    rig.hub.sessions()[0]?.close();
    await vi.waitFor(() => expect(ann.source.readyState).toBe(EventSource.CLOSED));
    expect(rig.hub.stats().sessions).toBe(0);

    let hub = createHub();
    let current = hub.sse({ retry: 20 });
    await using server = await listen((request, response) => void current.handle(request, response));
    const bob = await read(server.origin);
    const closed = hub.close();
    await vi.waitFor(() => expect(bob.source.readyState).toBe(EventSource.CONNECTING));
    await closed;
    hub = createHub();
    current = hub.sse({ retry: 20 });
    onTestFinished(() => hub.close());
    await vi.waitFor(() => expect(bob.heard).toEqual([['$dropped', 'null']]), 10_000);
    bob.source.close();
  });

  it('has a delay before it reconnects: for all, and for one', async () => {
    const rig = await setUp({ retry: 1_234 }, { name: () => undefined });
    const streams = await Promise.all([readRaw(rig.origin), readRaw(rig.origin)]);
    await vi.waitFor(() => streams.forEach(({ text }) => expect(text()).toMatch(/^retry: 1234\n\n/)));
    rig.events.retry(50);
    await vi.waitFor(() => streams.forEach(({ text }) => expect(text()).toMatch(/retry: 50\n\n$/)));
    const [session] = rig.hub.sessions();
    rig.events.retry(70, session);
    rig.hub.emit('note', 1);
    await vi.waitFor(() => streams.forEach(({ text }) => expect(text()).toContain('data: 1')));
    const [one] = streams.filter(({ text }) => text().includes('retry: 70\n\n'));
    expect(streams.filter(({ text }) => text().includes('retry: 70\n\n'))).toHaveLength(1);
    const again = await readRaw(rig.origin, { 'last-event-id': positionIn(one!.text()) });
    await vi.waitFor(() => expect(again.text()).toMatch(/^retry: 70\n\n/));
    const later = await readRaw(rig.origin);
    await vi.waitFor(() => expect(later.text()).toMatch(/^retry: 50\n\n/));
  });

  it('opens before the first event, and stays open by comments', async () => {
    const rig = await setUp({}, { heartbeat: 30 });
    await read(rig.origin);
    const raw = await readRaw(rig.origin);
    await vi.waitFor(() => expect(raw.text()).toMatch(/(:\n\n){3}$/));
  });

  it('answers a call of the server at once with no-handler', async () => {
    const rig = await setUp();
    const raw = await readRaw(rig.origin);
    await vi.waitFor(() => expect(rig.events.size).toBe(1));
    const call = rig.hub.sessions()[0]!.call('ask', 1, { timeout: Infinity });
    await expect(call).rejects.toMatchObject({ code: 'no-handler' });
    rig.hub.emit('note', 1);
    await vi.waitFor(() =>
      expect(raw.text()).toMatch(/event: note\ndata: 1\n\nid: [\w-]+:2\nevent: \$id\ndata:\n\n$/),
    );
    expect(raw.text()).not.toContain('ask');
  });
});

describe('its text', () => {
  it('is JSON in one line, or as it is over several data lines', async () => {
    const json = await setUp();
    const text = await setUp({ text: true });
    const [fromJson, fromText] = await Promise.all([read(json.origin), read(text.origin)]);
    for (const { hub } of [json, text]) {
      hub.emit('note', 'one\r\ntwo\rthree\n\n data: four');
      hub.emit('note', { text: 'a\nb' });
    }
    await vi.waitFor(() => [fromJson, fromText].forEach(({ heard }) => expect(heard).toHaveLength(2)));
    expect(fromJson.heard.map(([, data]) => JSON.parse(data) as unknown)).toEqual([
      'one\r\ntwo\rthree\n\n data: four',
      { text: 'a\nb' },
    ]);
    expect(fromText.heard.map(([, data]) => data)).toEqual([
      'one\ntwo\nthree\n\n data: four',
      '{"text":"a\\nb"}',
    ]);
  });

  it('never lets a name or data add a field', { timeout: 30_000 }, async () => {
    const text = await setUp({ text: true });
    const json = await setUp();
    const parts = fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      '\0',
      'data: x',
      'event: y',
      'id: z',
      'retry: 1',
      ':',
      ' ',
      'a',
      '\ufeff',
      '\u2028',
    );
    const evil = fc.array(parts, { maxLength: 8 }).map((list) => list.join(''));
    const readers = await Promise.all([text, json].map(({ origin }) => read(origin)));
    const wanted: string[][] = [[], []];
    fc.assert(
      fc.property(evil, evil, (name, data) => {
        for (const { hub } of [text, json]) {
          try {
            hub.emit(`odd ${name}`, data);
          } catch (error) {
            expect(error).toMatchObject({ code: 'bad-option' });
          }
          hub.emit('note', data);
        }
        wanted[0]?.push(data.replace(/\r\n?/g, '\n'));
        wanted[1]?.push(JSON.stringify(data));
      }),
      { numRuns: 200 },
    );
    for (const [at, { heard, source }] of readers.entries()) {
      await vi.waitFor(() => expect(heard).toHaveLength(200), 10_000);
      expect(heard.map(([, data]) => data)).toEqual(wanted[at]);
      expect(source.readyState).toBe(EventSource.OPEN);
    }
    for (const reader of readers) expect(reader.lastId()).toMatch(/^[\w-]+:\d+$/);
  });
});

describe('its requests', () => {
  it('are served by Express beside other routes, with headers and CORS', async () => {
    const hub = createHub({ origins: ['https://app.example'] });
    const events = hub.sse({ headers: { 'X-Served-By': 'velox', 'Content-Type': 'text/plain' } });
    const app = express();
    app.use('/events', events.handle);
    app.use((_request, response) => void response.status(418).end());
    await using server = await listen(app);
    onTestFinished(() => hub.close());
    const { response, text } = await readRaw(`${server.origin}/events`, { origin: 'https://app.example' });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-served-by': 'velox',
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-credentials': 'true',
    });
    await vi.waitFor(() => expect(text()).toContain('retry: 3000\n\n'));
    const foreign = await readRaw(`${server.origin}/events`, { origin: 'https://evil.example' });
    expect(foreign.response.headers.get('access-control-allow-origin')).toBeNull();
    expect(foreign.response.status).toBe(403);
    const preflight = await fetch(`${server.origin}/events`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-headers': 'x-own' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([204, 'x-own']);
    const post = await fetch(`${server.origin}/events`, { method: 'POST' });
    expect(post.status).toBe(418);
  });

  it('are refused with a status if the client may not come, and told to come back otherwise', async () => {
    const rig = await setUp(
      {},
      {
        authorize: ({ token }) => {
          if (token === 'forbidden') throw new VeloxError('forbidden', 'no');
          if (token !== 'good') throw new Error('who?');
        },
        limits: { sessions: 1 },
      },
    );
    const ask = (token: string): Promise<Response> =>
      fetch(rig.origin, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask('bad')).status).toBe(401);
    expect((await ask('forbidden')).status).toBe(403);
    const served = await readRaw(rig.origin, { authorization: 'Bearer good' });
    await vi.waitFor(() => expect(served.text()).not.toBe(''));
    const full = await ask('good');
    expect([full.status, await full.text()]).toEqual([200, 'retry: 5000\n\n']);
    expect((await fetch(rig.origin, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${rig.origin}/?${'x'.repeat(10_000)}`)).status).toBe(414);
    await rig.hub.close();
    const closed = await ask('good');
    expect([closed.status, await closed.text()]).toEqual([200, 'retry: 5000\n\n']);
  });

  it('are served by fetch', async () => {
    const hub = createHub({ onConnect: (session) => session.emit('note', 'hi') });
    onTestFinished(() => hub.close());
    const events = hub.sse();
    const aborting = new AbortController();
    const response = await events.fetch(new Request('http://h/events', { signal: aborting.signal }));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    while (!/data: "hi"\n\nid: [\w-]+:1\nevent: \$id\ndata:\n\n/.test(text)) {
      text += new TextDecoder().decode((await reader.read()).value);
    }
    expect(events.size).toBe(1);
    aborting.abort();
    await vi.waitFor(() => expect(events.size).toBe(0));
    expect((await events.fetch(new Request('http://h/events', { method: 'PUT' }))).status).toBe(405);
  });

  it('end when the client disconnects', async () => {
    const rig = await setUp();
    const ann = await read(rig.origin);
    expect(rig.events.size).toBe(1);
    ann.source.close();
    await vi.waitFor(() => expect(rig.hub.stats()).toMatchObject({ sessions: 1, away: 1 }));
    expect(rig.events.size).toBe(0);
  });

  it('an error of the application ends its own request alone', async () => {
    const rig = await setUp({
      name: () => {
        throw new Error('of the application');
      },
    });
    expect((await fetch(rig.origin)).status).toBe(500);
    expect(rig.log).toEqual([expect.objectContaining({ level: 'error' })]);
  });

  it.each([
    [{ retry: -1 }, 'option "retry". Pass milliseconds'],
    [{ headers: { 'x-own': 'a\r\nset-cookie: b' } }, 'option "headers". Pass an object of valid headers'],
    [{ texts: true }, 'Did you mean "text"?'],
  ])('have options that are checked: %j', (options, message) => {
    expect(() => createHub().sse(options as never)).toThrow(message);
  });

  it.each([Number.NaN, -1, Infinity, '70'])('refuse the delay %s, and keep the former one', async (ms) => {
    const rig = await setUp();
    expect(() => rig.events.retry(ms as number)).toThrow('as a delay. Pass milliseconds');
    const { text } = await readRaw(rig.origin);
    await vi.waitFor(() => expect(text()).toMatch(/^retry: 20\n\n/));
  });
});
