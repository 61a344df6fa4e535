import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { createPost, type PostOptions } from './post.js';

const posts: {
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  readonly response: ServerResponse;
}[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  response.setHeader('content-type', 'application/json');
  request.on('end', () => posts.push({ body, headers: request.headers, response }));
});

let options: PostOptions;
const reporter = { onOpen: vi.fn(), onByte: vi.fn(), onMessage: vi.fn(), onClose: vi.fn() };
beforeEach(async () => {
  posts.length = 0;
  vi.resetAllMocks();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sync`;
  options = {
    url,
    headers: {},
    hello: { session: 's', link: 3, limits: { frame: 300 } },
    signal: new AbortController().signal,
    reporter,
  };
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const arrived = (count: number): Promise<void> =>
  vi.waitFor(() => expect(posts).toHaveLength(count), { timeout: 5_000, interval: 5 });

it('one POST is in flight at a time, and later frames follow together in order', async () => {
  const post = createPost(options);
  post('{"unsubscribe":["a"]}');
  post('{"unsubscribe":["b"]}');
  await arrived(1);
  for (const topic of ['c', 'd', 'e']) post(JSON.stringify({ unsubscribe: [topic] }));
  expect(posts).toHaveLength(1);
  posts[0]?.response.end('{"ack":0}');
  await arrived(2);
  expect(posts.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    [{ unsubscribe: ['a'] }, { unsubscribe: ['b'] }],
    [{ unsubscribe: ['c'] }, { unsubscribe: ['d'] }, { unsubscribe: ['e'] }],
  ]);
  const named = posts.map(({ headers }) =>
    ['session', 'link', 'post'].map((name) => headers[`velox-${name}`]),
  );
  expect(named).toEqual([
    ['s', '3', '1'],
    ['s', '3', '2'],
  ]);
  posts[1]?.response.end('{"ack":7}');
  await vi.waitFor(() => expect(reporter.onMessage.mock.calls).toEqual([['{"ack":0}'], ['{"ack":7}']]));
});

it('a POST of several frames stays below the limit of one frame', async () => {
  const post = createPost(options);
  const texts = ['a'.repeat(50), 'b'.repeat(50), '\u4e2d'.repeat(60), 'c', 'd'];
  for (const data of texts) post(JSON.stringify({ event: 'e', data, seq: 1 }));
  for (let count = 1; count <= 4; count++) {
    await arrived(count);
    posts[count - 1]?.response.end('{"ack":0}');
  }
  const bodies = posts.map(({ body }) => body);
  expect(bodies.flatMap((body) => JSON.parse(body) as { data: unknown }[]).map(({ data }) => data)).toEqual(
    texts,
  );
  expect(Math.max(...bodies.map((body) => Buffer.byteLength(body)))).toBeLessThanOrEqual(300);
});

it.each([
  ['is refused', 'refused', (response: ServerResponse) => void response.writeHead(404).end()],
  [
    'is answered by a page',
    'not-velox',
    (response: ServerResponse) => void response.setHeader('content-type', 'text/html').end('<html>'),
  ],
  ['breaks off', 'lost', (response: ServerResponse) => void response.socket?.destroy()],
])('a POST that %s fails the link', async (_, code, answer) => {
  createPost(options)('{"ping":true}');
  await arrived(1);
  answer((posts[0] as (typeof posts)[0]).response);
  await vi.waitFor(() =>
    expect(reporter.onClose).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code })),
  );
});

it('a POST that gets no answer for 20 s fails the link', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  createPost(options)('{"ping":true}');
  while (posts.length < 1) await new Promise(setImmediate);
  vi.advanceTimersByTime(19_000);
  await new Promise(setImmediate);
  expect(reporter.onClose).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2_000);
  while (reporter.onClose.mock.calls.length < 1) await new Promise(setImmediate);
  expect(reporter.onClose).toHaveBeenCalledWith(expect.objectContaining({ code: 'lost' }));
});

it('frames that wait when the link is closed still leave after the POST in flight, also when the page closes', async () => {
  const fetch = vi.spyOn(globalThis, 'fetch');
  const over = new AbortController();
  const post = createPost({ ...options, signal: over.signal });
  post('{"event":"a","data":1,"seq":1}');
  await arrived(1);
  post('{"event":"a","data":2}');
  over.abort();
  post('{"bye":true}');
  posts[0]?.response.end('{"ack":1}');
  await arrived(2);
  posts[1]?.response.end('{"ack":2}');
  expect(posts[1]?.body).toBe('[{"event":"a","data":2},{"bye":true}]');
  expect(fetch.mock.calls.map(([, init]) => init?.keepalive)).toEqual([false, true]);
});

it('frames of the tick in which the link is closed still leave', async () => {
  const over = new AbortController();
  createPost({ ...options, signal: over.signal })('{"event":"a","data":1,"seq":1}');
  over.abort();
  await arrived(1);
  expect(posts[0]?.body).toBe('[{"event":"a","data":1,"seq":1}]');
});
