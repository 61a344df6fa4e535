/** Real middleware in front of Velox on one server, on every transport. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import compression from 'compression';
import cors from 'cors';
import express, { type RequestHandler } from 'express';
import session from 'express-session';
import helmet from 'helmet';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { listen, type Listening } from './rig/listen.js';
import { rawStream, rawSubscribe } from './rig/raw-client.js';

const MIDDLEWARE: Record<string, RequestHandler> = {
  cors: cors(),
  helmet: helmet(),
  compression: compression({ threshold: 0 }),
  'express-session': session({ secret: 'x', resave: false, saveUninitialized: true }),
};

interface Served extends Listening {
  readonly state: velox.State<{ n: number; pad: string }>;
}

/** Serves a state of an application at `/sync` behind middleware. */
async function behind(...middleware: RequestHandler[]): Promise<Served> {
  const state = velox.state({ n: 1, pad: 'x'.repeat(500) });
  const app = express();
  app.use(...middleware);
  app.use('/sync', state.handle);
  return { ...(await listen(app)), state };
}

describe.each([
  ...Object.entries(MIDDLEWARE).map(([name, each]) => [name, [each]] as const),
  ['all of them', Object.values(MIDDLEWARE)] as const,
])('behind %s', (_, middleware) => {
  it.each(['websocket', 'sse'])('a link by %s gets value and deltas', async (transport) => {
    await using server = await behind(...middleware);
    const url = `${server.origin}/sync`;
    const link = transport === 'sse' ? rawStream(url) : rawSubscribe(url);
    onTestFinished(() => link.close());
    expect(await link.find((frame) => 'version' in frame)).toMatchObject({ body: { n: 1 } });
    for (const n of [2, 3]) {
      server.state.update((draft) => void (draft.n = n));
      expect(await link.next()).toMatchObject({ version: n, delta: true });
    }
  });

  it('an event stream that the browser asks to compress arrives frame by frame', async () => {
    await using server = await behind(...middleware);
    const outgoing = httpRequest(`${server.origin}/sync?velox=3`, {
      headers: { accept: 'text/event-stream', 'accept-encoding': 'gzip' },
      agent: false,
    }).end();
    onTestFinished(() => void outgoing.destroy());
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(incoming.headers['content-encoding']).toBe('gzip');
    let text = '';
    const unzip = incoming.pipe(createGunzip()).setEncoding('utf8');
    unzip.on('data', (chunk: string) => (text += chunk));
    const until = async (wanted: string): Promise<void> => {
      while (!text.includes(wanted)) await once(unzip, 'data');
    };
    await until('"version":1');
    server.state.update((draft) => void (draft.n = 2));
    await until('"version":2');
  });

  it('a client opens by long-polling', async () => {
    await using server = await behind(...middleware);
    const response = await fetch(`${server.origin}/sync?velox=3`, {
      method: 'POST',
      body: JSON.stringify([{ open: {} }, { subscribe: [{}] }]),
      headers: { accept: 'application/json', 'content-type': 'text/plain' },
    });
    expect(await response.json()).toMatchObject([{ hello: {} }, { version: 1 }]);
  });
});

it('a plain event stream that compression encodes arrives event by event', async () => {
  const hub = velox.createHub();
  onTestFinished(() => hub.close());
  const app = express();
  app.use(compression({ threshold: 0 }));
  app.get('/events', hub.sse({ headers: { 'Cache-Control': 'no-cache' } }).handle); // without `no-transform`
  await using server = await listen(app);
  const aborting = new AbortController();
  onTestFinished(() => aborting.abort());
  const response = await fetch(`${server.origin}/events`, {
    headers: { accept: 'text/event-stream', 'accept-encoding': 'gzip' },
    signal: AbortSignal.any([aborting.signal, AbortSignal.timeout(10_000)]),
  });
  expect(response.headers.get('content-encoding')).toBe('gzip');
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const until = async (wanted: string): Promise<void> => {
    while (!text.includes(wanted)) text += (await reader.read()).value;
  };
  await until('retry: 3000\n\n');
  for (const n of [1, 2]) {
    hub.emit('note', n);
    await until(`event: note\ndata: ${n}\n\n`);
  }
});

describe('the answer to a WebSocket handshake', () => {
  const answer = async (url: string, headers = {}): Promise<IncomingMessage> => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/sync?velox=3`, { headers });
    const [response] = (await once(socket, 'upgrade')) as [IncomingMessage];
    socket.terminate();
    return response;
  };

  it('has the headers that middleware set, and none of a body', async () => {
    await using server = await behind((_, response, next) => {
      response.setHeader('x-ratelimit-remaining', 7).setHeader('content-type', 'text/html');
      response.append('set-cookie', 'a=1').append('set-cookie', 'b=2');
      next();
    }, helmet());
    const { headers } = await answer(server.origin);
    expect(headers).toMatchObject({
      'x-ratelimit-remaining': '7',
      'set-cookie': ['a=1', 'b=2'],
      'x-content-type-options': 'nosniff',
    });
    expect(headers).not.toHaveProperty('content-type');
  });

  it('starts a session of express-session that the next request continues', async () => {
    const seen: (number | undefined)[] = [];
    await using server = await behind(MIDDLEWARE['express-session'] as RequestHandler, (request, _, next) => {
      const { session: mine } = request as unknown as { session: { visits?: number } };
      seen.push(mine.visits);
      mine.visits = (mine.visits ?? 0) + 1;
      next();
    });
    const { headers } = await answer(server.origin);
    const cookie = headers['set-cookie']?.[0]?.split(';')[0] as string;
    await answer(server.origin, { cookie });
    await (await fetch(`${server.origin}/sync`, { headers: { cookie } })).text();
    expect(seen).toEqual([undefined, 1, 2]);
  });
});

it('a hook of middleware that throws for each head ends the exchange, not the process', async () => {
  const failures = vi.fn();
  const hub = velox.createHub({ logger: failures });
  const events = hub.sse();
  await using server = await listen((request, response) => {
    response.writeHead = () => {
      throw new Error('planted');
    };
    void (request.url === '/events' ? events : hub).handle(request, response);
  });
  for (const [path, accept] of [
    ['/', 'application/json'],
    ['/?velox=3', 'text/event-stream'],
    ['/events', 'text/event-stream'],
  ] as const)
    await expect(fetch(`${server.origin}${path}`, { headers: { accept } })).rejects.toThrow();
  expect(failures).toHaveBeenCalledTimes(3);
  expect(hub.stats().sessions).toBe(0);
});
