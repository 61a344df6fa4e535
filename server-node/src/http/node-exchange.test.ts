import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../index.js';
import { listen } from '../../test/rig/listen.js';
import { rawStream } from '../../test/rig/raw-client.js';
import { RawConnection } from '../../test/rig/raw-connection.js';

afterEach(() => void vi.useRealTimers());

const isState = (frame: object): boolean => 'version' in frame;
const OPEN = JSON.stringify([{ open: {} }, { subscribe: [{}] }]);

/** A listener in front of a state, as middleware is. */
function behind(
  middleware: (request: IncomingMessage & { body?: unknown }, next: () => void) => void,
): RequestListener {
  const state = velox.state({ a: 1 });
  return (request, response) => middleware(request, () => void state.handle(request, response));
}

describe('the body of a request', () => {
  const post = async (listener: RequestListener): Promise<{ status: number; answer: unknown }> => {
    await using server = await listen(listener);
    const response = await fetch(`${server.origin}?velox=3`, {
      method: 'POST',
      body: OPEN,
      headers: { accept: 'application/json', 'content-type': 'text/plain' },
    });
    return { status: response.status, answer: await response.json() };
  };
  const opened = [{ hello: expect.anything() as unknown }, { version: 1 }];

  it('is read if a parser set it to {} without reading the stream, as those of Express 4 do', async () => {
    const listener = behind((request, next) => {
      request.body ??= {};
      next();
    });
    expect(await post(listener)).toMatchObject({ status: 200, answer: opened });
  });

  it.each([
    ['an array', (body: string): unknown => JSON.parse(body)],
    ['a text', (body: string) => body],
    ['a Buffer', (body: string) => Buffer.from(body)],
  ])('is the value that a parser left: %s', async (_, parse) => {
    const listener = behind((request, next) => {
      void text(request).then((body) => {
        request.body = parse(body);
        next();
      });
    });
    expect(await post(listener)).toMatchObject({ status: 200, answer: opened });
  });

  it.each(['utf8', 'hex', 'base64'] as const)(
    'is read if other code reads along, and has set the encoding %s',
    async (encoding) => {
      const listener = behind((request, next) => {
        request.setEncoding(encoding).on('data', () => undefined);
        next();
      });
      expect(await post(listener)).toMatchObject({ status: 200, answer: opened });
    },
  );

  it('is complete if other code reads along while the client is authorized', async () => {
    const hub = velox.createHub({ authorize: () => Promise.resolve({}), identify: () => 'ann' });
    const heard: unknown[] = [];
    hub.on('say', (_, data) => heard.push(data));
    let seen = 0;
    await using server = await listen((request, response) => {
      request.on('data', (chunk: Buffer) => (seen += chunk.length));
      void hub.handle(request, response);
    });
    const send = (frames: object[], headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${server.origin}?velox=3`, {
        method: 'POST',
        body: JSON.stringify(frames),
        headers: { accept: 'application/json', ...headers },
      });
    const [{ hello }] = (await (await send([{ open: {} }])).json()) as [
      { hello: { session: string; link: number } },
    ];
    const ids = { 'velox-session': hello.session, 'velox-link': `${hello.link}` };
    const long = 'x'.repeat(300_000);
    for (const data of ['short', long]) {
      const answer = await send([{ event: 'say', data, seq: heard.length + 1 }], ids);
      expect(await answer.json()).toEqual({ ack: heard.length });
    }
    expect(heard).toEqual(['short', long]);
    expect((await send([{ event: 'say', data: 'x'.repeat(2 ** 20), seq: 3 }], ids)).status).toBe(413);
    expect(seen).toBeGreaterThan(2 ** 20);
  });

  it('is refused with a remedy if other code read a part of it before', async () => {
    const listener = behind((request, next) => {
      request.once('data', () => {
        request.pause();
        next();
      });
    });
    const message = expect.stringContaining('request.body') as string;
    expect(await post(listener)).toEqual({ status: 400, answer: { error: { code: 'bad-frame', message } } });
  });

  it('is refused with a remedy if other code read it and did not keep it', async () => {
    const listener = behind((request, next) => void request.resume().once('end', next));
    const message = expect.stringContaining('request.body') as string;
    expect(await post(listener)).toEqual({ status: 400, answer: { error: { code: 'bad-frame', message } } });
  });

  it('ends the exchange if it was cut off before it was read', async () => {
    const state = velox.state({ a: 1 });
    let outcome: Promise<string> | undefined;
    await using server = await listen((request, response) => {
      request.on('error', () => undefined);
      request.once('close', () => (outcome = state.handle(request, response)));
      request.resume();
    });
    const raw = new RawConnection(server.origin);
    raw.request(['POST /?velox=3 HTTP/1.1', 'Host: localhost', 'Content-Length: 9'], '[');
    await once(server.server, 'request');
    raw.socket.destroy();
    await vi.waitFor(() => expect(outcome).toBeDefined());
    expect(await outcome).toBe('bad-frame');
  });
});

it('a HEAD request is answered by a server that forbids bodies there', async () => {
  const hub = velox.createHub();
  hub.state('', { a: 1 });
  const server = createServer({ rejectNonStandardBodyWrites: true }, hub.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const statuses = ['/', '/?topic=none', '/?velox=2'].map(async (path) => {
    return (await fetch(url + path, { method: 'HEAD' })).status;
  });
  expect(await Promise.all(statuses)).toEqual([200, 404, 400]);
});

describe('an event stream', () => {
  it('writes no more than a wrapper of the response takes, and goes on when that has room', async () => {
    const state = velox.state({ n: 0, pad: 'x'.repeat(300) });
    let drain: () => void = () => undefined;
    let listeners = 0;
    let written = 0;
    await using server = await listen((request, response) => {
      const write = response.write.bind(response) as (chunk: unknown) => boolean;
      const on = response.on.bind(response) as (event: string, listener: () => void) => unknown;
      // As `compression` does: pending data waits in a stream of its own, and so do its listeners.
      Object.assign(response, {
        write(chunk: unknown) {
          written++;
          write(chunk);
          return false;
        },
        on(event: string, listener: () => void) {
          if (event !== 'drain') return on(event, listener);
          listeners++;
          drain = listener;
          return response;
        },
      });
      void state.handle(request, response);
    });
    const stream = rawStream(server.origin);
    onTestFinished(() => stream.close());
    await stream.find(isState);
    for (let n = 1; n <= 3; n++) {
      state.update((draft) => void (draft.n = n));
      await Promise.resolve();
    }
    expect(written).toBe(1);
    drain();
    expect(await stream.next()).toMatchObject({ version: 4, from: 1 });
    drain();
    state.update((draft) => void (draft.n = 4));
    expect(await stream.next()).toMatchObject({ version: 5 });
    expect(listeners).toBe(1);
  });

  it('keeps the caching headers of other handlers', async () => {
    const state = velox.state({ a: 1 });
    await using server = await listen((request, response) => {
      response.setHeader('vary', 'Cookie');
      void state.handle(request, response);
    });
    expect((await fetch(server.origin)).headers.get('vary')).toBe('Cookie, Origin');
  });
});

describe('close()', () => {
  const keepAlive = new Agent({ keepAlive: true });

  it('leaves no connection behind: streams and last answers end their connections', async () => {
    const state = velox.state({ a: 1 });
    await using server = await listen(state.handle);
    const ask = async (headers: object, path = '/?velox=3', body?: string): Promise<IncomingMessage> => {
      const options = { agent: keepAlive, method: body ? 'POST' : 'GET', headers: { ...headers } };
      const outgoing = httpRequest(server.origin + path, options).end(body);
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      return incoming;
    };
    const json = { accept: 'application/json' };
    const opened = await ask(json, undefined, OPEN);
    expect(opened.headers.connection).toBe('keep-alive');
    const [first] = JSON.parse(await text(opened)) as [{ hello: { session: string } }];
    const polled = ask({ ...json, 'velox-session': first.hello.session });
    const stream = await ask({ accept: 'text/event-stream' });
    expect(stream.headers.connection).toBe('close');
    await once(stream, 'data');
    stream.resume();
    const gone = once(stream, 'close');
    await Promise.all([state.close(), gone]);
    expect((await polled).headers.connection).toBe('close');
    const refused = await ask(json);
    expect([refused.statusCode, refused.headers.connection]).toEqual([503, 'close']);
  });

  it('ends the socket of a peer that does not read', async () => {
    const state = velox.state({ pad: 'x'.repeat(32 << 20) });
    await using server = await listen(state.handle);
    const accepted = once(server.server, 'connection');
    const raw = new RawConnection(server.origin);
    onTestFinished(() => void raw.socket.destroy());
    raw.request(['GET /?velox=3 HTTP/1.1', 'Host: localhost', 'Accept: text/event-stream']);
    const [socket] = (await accepted) as [Socket];
    await raw.until(/"hello"/);
    raw.socket.pause();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const gone = once(socket, 'close');
    const closed = state.close();
    await vi.advanceTimersByTimeAsync(5_000);
    await Promise.all([gone, closed]);
  });
});
