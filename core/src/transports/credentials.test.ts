/** Each request, of any kind, carries cookies, and the application's headers as they are at that moment. */
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { connect } from '../connect/connect.js';
import type { ClientFrame } from '../protocol/frames.js';
import type { Attempt } from '../connection/transport.js';
import { polling, sse } from './requests.js';

const URL = 'http://localhost/sync';
const ONE: ClientFrame[] = [{ open: {} }, { subscribe: [{}] }];
const TWO: ClientFrame[] = [{ open: {} }, { subscribe: [{}, { topic: 'b' }] }];
const HELLO =
  '{"hello":{"protocol":3,"session":"s","heartbeat":15000,"ack":0,"limits":{"frame":1000,"depth":10,"rate":100}}}';

afterEach(() => void vi.unstubAllGlobals());

/** Answers requests in turn; later requests wait. */
function stub(...answers: (Response | Promise<Response>)[]) {
  const fetch = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(() =>
    Promise.resolve(answers.shift() ?? new Promise<never>(() => {})),
  );
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

/** Opens a link; gives the headers of the application, which may change. */
function open(transport: typeof sse, opening: ClientFrame[]) {
  const headers = { 'x-tenant': 'a', authorization: 'Bearer first' };
  const attempt: Attempt = { url: URL, headers, open: opening };
  const link = transport()(attempt, { onOpen() {}, onByte() {}, onFrame() {}, onClose() {} });
  onTestFinished(() => link.close());
  return headers;
}
const json = (...frames: string[]): Response =>
  new Response(`[${frames.join()}]`, { headers: { 'content-type': 'application/json' } });
const stream = (frame: string): Response => {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(`data: ${frame}\n\n`)),
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
};
const carrying = (token: string, method?: string): unknown =>
  expect.objectContaining({
    ...(method && { method }),
    credentials: 'include',
    headers: expect.objectContaining({ 'x-tenant': 'a', authorization: token }) as unknown,
  });

it.each([
  ['a stream by GET', sse, ONE, undefined, '?velox=3&keep=1'],
  ['a stream by POST', sse, TWO, 'POST', '?velox=3'],
  ['a session by long-polling', polling, ONE, 'POST', '?velox=3'],
] as const)('asking for %s', async (_, transport, opening, method, query) => {
  const fetch = stub();
  open(transport, [...opening]);
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledOnce());
  expect(fetch).toHaveBeenCalledWith(`${URL}${query}`, carrying('Bearer first', method));
  expect(fetch.mock.calls[0]?.[1].method).toBe(method);
});

it('a poll, and the next one with the token of then', async () => {
  let answer: (response: Response) => void = () => {};
  const polled = new Promise<Response>((resolve) => (answer = resolve));
  const fetch = stub(json(HELLO), polled);
  const headers = open(polling, ONE);
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledTimes(2));
  headers.authorization = 'Bearer second';
  answer(json('{"ping":true}'));
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledTimes(3));
  const polls = fetch.mock.calls.slice(1);
  expect(polls).toEqual([
    [`${URL}?velox=3`, carrying('Bearer first')],
    [`${URL}?velox=3`, carrying('Bearer second')],
  ]);
  for (const [, { method, headers }] of polls) {
    expect(method).toBeUndefined();
    expect(headers).toMatchObject({ 'velox-session': 's' });
  }
});

it.each([
  ['sse', () => stream(HELLO)],
  ['polling', () => json(HELLO)],
] as const)('is sent beside %s, with the token of that time', async (transport, opened) => {
  const tokens = ['first', 'second'];
  const fetch = stub(opened());
  const sync = connect(URL, { transport, headers: { 'x-tenant': 'a' }, auth: () => tokens.shift() ?? '' });
  onTestFinished(sync.close);
  sync.on('note', () => {});
  await vi.waitFor(() => expect(sync.status.get().state).toBe('open'));
  await sync.renew();
  const sent = () => fetch.mock.calls.filter(([, { body }]) => String(body).includes('"auth"'));
  await vi.waitFor(() => expect(sent()).toHaveLength(1));
  expect(sent()[0]).toEqual([`${URL}?velox=3`, carrying('Bearer second', 'POST')]);
  expect(sent()[0]?.[1].headers).toMatchObject({ 'velox-session': 's' });
});

it.each([
  ['sse', () => stream(HELLO)],
  ['polling', () => json(HELLO)],
] as const)('credentials of the URL travel as Basic authorization, over %s', async (transport, opened) => {
  const fetch = stub(opened(), opened());
  const sync = connect('http://ann:s%C3%A9cret@localhost/sync', { transport });
  onTestFinished(sync.close);
  sync.on('note', () => {});
  sync.emit('note', 1);
  const sent = () => fetch.mock.calls.filter(([, { body }]) => String(body).includes('"note"'));
  await vi.waitFor(() => expect(sent()).toHaveLength(1));
  for (const [url, { headers }] of fetch.mock.calls) {
    expect(url).toBe(`${URL}?velox=3`);
    const { authorization } = headers as { authorization: string };
    expect(Buffer.from(authorization.split(' ')[1] as string, 'base64').toString()).toBe('ann:sécret');
  }
});

it.each([
  [
    'the header of an application replaces the credentials of the URL',
    { authorization: 'Own' },
    undefined,
    'Own',
  ],
  ['a header in capitals replaces the credentials of the URL', { AUTHORIZATION: 'Own' }, undefined, 'Own'],
  [
    'a token replaces the header of an application and the credentials of the URL',
    { Authorization: 'Own' },
    'token',
    'Bearer token',
  ],
])('%s', async (_, headers, token, expected) => {
  const fetch = stub();
  const sync = connect('http://ann:x@localhost/sync', {
    transport: 'sse',
    headers,
    auth: token === undefined ? undefined : () => token,
  });
  onTestFinished(sync.close);
  sync.on('note', () => {});
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledOnce());
  expect(new Headers(fetch.mock.calls[0]?.[1].headers).get('authorization')).toBe(expected);
});

it.each(['sse', 'polling'] as const)('`credentials` decides about cookies, over %s', async (transport) => {
  const fetch = stub();
  const sync = connect(URL, { transport, credentials: 'same-origin' });
  onTestFinished(sync.close);
  sync.on('note', () => {});
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledOnce());
  expect(fetch.mock.calls[0]?.[1].credentials).toBe('same-origin');
});

it('a token in another header opens an event stream by POST, whose open frame carries it as well', async () => {
  const fetch = stub();
  const sync = connect(URL, { transport: 'sse', auth: () => 'token', authHeader: 'x-app' });
  onTestFinished(sync.close);
  sync.replica().subscribe(() => {});
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledOnce());
  const { method, body, headers } = fetch.mock.calls[0]?.[1] as RequestInit;
  expect([method, body]).toEqual(['POST', '[{"open":{"token":"token"}},{"subscribe":[{}]}]']);
  expect(headers).toMatchObject({ 'x-app': 'Bearer token' });
});
