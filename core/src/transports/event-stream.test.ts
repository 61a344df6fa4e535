import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { text } from 'node:stream/consumers';
import type { ClientFrame, Hello } from '../protocol/frames.js';
import { testTransportContract, type Peer, type Rig } from '../../test/contracts/transport-contract.js';
import type { CloseReason, Link } from '../connection/transport.js';
import { sse } from './requests.js';

const soon = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 5_000, interval: 5 });

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server with these answers. */
async function listen(answer: Answer) {
  const http = createServer(answer).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const close = async () => {
    if (!http.listening) return;
    http.closeAllConnections();
    http.close();
    await once(http, 'close');
  };
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/sync?a=1`, close };
}

async function start(): Promise<Rig> {
  let refused = 0;
  const peers: Peer[] = [];
  const asking: ((peer: Peer) => void)[] = [];
  const { url, close } = await listen((_, response) => {
    response.on('error', () => {});
    if (refused) return void response.writeHead(refused).end('no');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const peer: Peer = {
      send: (message) => response.write(`data: ${message}\n\n`),
      end: () => response.end(),
      cut: () => response.socket?.destroy(),
      gone: once(response, 'close'),
    };
    const next = asking.shift();
    if (next) next(peer);
    else peers.push(peer);
  });
  return {
    url,
    close,
    accept: () => {
      const peer = peers.shift();
      return peer ? Promise.resolve(peer) : new Promise((resolve) => asking.push(resolve));
    },
    refuse: (status) => (refused = status),
  };
}

testTransportContract(sse(), start);

describe('server-sent events', () => {
  let server: Awaited<ReturnType<typeof listen>>;
  let answer: Answer;
  let requests: IncomingMessage[];
  let links: Link[];

  beforeEach(async () => {
    requests = [];
    links = [];
    server = await listen((request, response) => {
      requests.push(request);
      answer(request, response);
    });
  });
  afterEach(async () => {
    links.forEach((link) => link.close());
    await server.close();
    vi.unstubAllGlobals();
  });

  const connect = (open: ClientFrame[] = [{ open: {} }, { subscribe: [{}] }], headers = {}) => {
    const events = { onOpen: vi.fn(), onByte: vi.fn(), onFrame: vi.fn(), onClose: vi.fn() };
    const link = sse()({ url: server.url, headers, open }, events);
    links.push(link);
    const closed = () =>
      soon(() => {
        expect(events.onClose).toHaveBeenCalledOnce();
        return events.onClose.mock.calls[0]?.[0] as CloseReason;
      });
    return { link, closed, ...events };
  };
  const stream = (...chunks: (string | Uint8Array)[]) => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.flushHeaders();
      chunks.forEach((chunk) => response.write(chunk));
    };
  };

  it('asks by GET, for a session that it may resume', async () => {
    stream();
    const { onOpen } = connect(undefined, { authorization: 'Bearer x' });
    await soon(() => expect(onOpen).toHaveBeenCalled());
    expect(requests[0]).toMatchObject({ method: 'GET', url: '/sync?a=1&velox=3&keep=1' });
    expect(requests[0]?.headers).toMatchObject({ accept: 'text/event-stream', authorization: 'Bearer x' });
  });

  it.each([
    [{ id: 'x y', version: 7 }, '&id=x+y&v=7'],
    [{ topic: 'a/ä' }, '&topic=a%2F%C3%A4'],
    [{ topic: 'b', id: 'x', version: 1 }, '&topic=b&id=x&v=1'],
  ])('names topic and position %j in the URL', async (subscription, query) => {
    stream();
    const { onOpen } = connect([{ open: {} }, { subscribe: [subscription] }]);
    await soon(() => expect(onOpen).toHaveBeenCalled());
    expect(requests[0]?.url).toBe(`/sync?a=1&velox=3${query}&keep=1`);
  });

  it('asks for several topics by POST, and sends later frames by POST with the id of the session', async () => {
    stream();
    const streaming = answer;
    answer = (request, response) => {
      if (!request.headers['velox-session']) return streaming(request, response);
      request.once('end', () => {
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"ack":0}');
      });
    };
    const open = [{ open: {} }, { subscribe: [{}, { topic: 'b' }] }];
    const { link, onOpen } = connect(open);
    await soon(() => expect(onOpen).toHaveBeenCalled());
    expect(requests[0]).toMatchObject({ method: 'POST', url: '/sync?a=1&velox=3' });
    expect(await text(requests[0] as IncomingMessage)).toBe(JSON.stringify(open));
    link.send('{"unsubscribe":["b"]}', { session: 'secret', limits: { frame: 1_000 } } as Hello);
    await soon(() => expect(requests).toHaveLength(2));
    expect(requests[1]).toMatchObject({ method: 'POST', url: '/sync?a=1&velox=3' });
    expect(requests[1]?.headers['velox-session']).toBe('secret');
    expect(await text(requests[1] as IncomingMessage)).toBe('[{"unsubscribe":["b"]}]');
  });

  it('sends cookies, and keeps the stream out of the cache', async () => {
    const fetch = vi.fn(() => new Promise(() => {}));
    vi.stubGlobal('fetch', fetch);
    connect();
    await soon(() => expect(fetch).toHaveBeenCalled());
    expect(fetch).toHaveBeenCalledExactlyOnceWith(
      `${server.url}&velox=3&keep=1`,
      expect.objectContaining({ credentials: 'include', cache: 'no-store' }),
    );
  });

  it('reads frames cut anywhere, characters included, and strips a byte order mark', async () => {
    const bytes = new TextEncoder().encode(
      '\uFEFFdata: {"id":"ä€😀","version":1,"body":1}\r\n\r\n: beat\n\n',
    );
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.socket?.setNoDelay();
      void (async () => {
        for (const byte of bytes) {
          response.write(Uint8Array.of(byte));
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
    };
    const { onFrame, onByte, closed } = connect();
    await soon(() => expect(onFrame).toHaveBeenCalled());
    expect(onFrame.mock.calls[0]?.[0]).toEqual({ id: 'ä€😀', version: 1, body: 1 });
    expect(onByte.mock.calls.length).toBeGreaterThan(1);
    await server.close();
    expect(await closed()).toMatchObject({ code: 'lost' });
  });

  it('treats comments as signs of life, and ignores other fields', async () => {
    stream(': hi\n\n', 'event: x\nretry: 1\n\n', 'id: a:1\r\ndata:{"ping":true}\r\n\r\n');
    const { onFrame, onByte } = connect();
    await soon(() => expect(onFrame).toHaveBeenCalled());
    expect(onFrame.mock.calls).toEqual([[{ ping: true }, '{"ping":true}']]);
    expect(onByte).toHaveBeenCalled();
  });

  it.each([
    [401, undefined, 'unauthorized'],
    [403, false],
    [400, undefined],
    [404, undefined],
    [405, undefined],
    [406, undefined],
    [500, undefined],
    [503, undefined],
  ])(
    'reports a refusal with status %d, and whether to come back',
    async (status, retry, code = 'its-code') => {
      answer = (_, response) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end('{"error":{"code":"its-code","message":"Its message."}}');
      };
      const { closed, onOpen } = connect();
      const reason = await closed();
      expect(reason).toEqual({
        code,
        message: `${status}: Its message.`,
        ...(retry !== undefined && { retry }),
      });
      expect(onOpen).not.toHaveBeenCalled();
    },
  );

  it.each([
    ['text/html', '<html>'],
    ['application/json', '{"error":7}'],
    ['application/json', 'null'],
  ])('refuses an answer that is %s: %s', async (type, body) => {
    answer = (_, response) => void response.writeHead(200, { 'content-type': type }).end(body);
    const { closed, onOpen } = connect();
    expect(await closed()).toMatchObject({ message: expect.stringContaining('') as string });
    expect(onOpen).not.toHaveBeenCalled();
  });

  it('ends when the stream does, also in the middle of a frame', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('data: {"ping":true}');
    };
    const { closed, onFrame } = connect();
    expect(await closed()).toEqual({ code: 'lost', message: 'ended' });
    expect(onFrame).not.toHaveBeenCalled();
  });

  it('cancels the request when it is closed', async () => {
    let over: Promise<unknown> | undefined;
    answer = (request) => {
      over = new Promise((resolve) => request.once('close', resolve));
      request.on('error', () => {});
    };
    const { link, onClose } = connect();
    await soon(() => expect(requests).toHaveLength(1));
    link.close();
    await over;
    expect(onClose).not.toHaveBeenCalled();
  });
});
