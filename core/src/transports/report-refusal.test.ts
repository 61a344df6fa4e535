import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CloseReason, Transport } from '../connection/transport.js';
import { retryAfter } from './report-refusal.js';
import { polling, sse } from './requests.js';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The reason with which an attempt ends whose first request is answered so. */
function reasonFor(transport: Transport, answer: Response): Promise<CloseReason> {
  vi.stubGlobal('fetch', () => Promise.resolve(answer));
  return new Promise((onClose) => {
    const attempt = { url: 'http://h/sync', headers: {}, open: [{ open: {} }, { subscribe: [{}] }] };
    const link = transport(attempt, { onOpen() {}, onByte() {}, onFrame() {}, onClose });
    onTestFinished(() => link.close());
  });
}

describe.each([
  ['sse', sse()],
  ['polling', polling()],
])('a refusal over %s', (_, transport) => {
  it.each([
    [429, '7', 7_000],
    [503, '0', 0],
    [503, '99999999', 600_000],
    [503, 'soon', undefined],
    [500, '7', undefined],
  ])('with status %d follows Retry-After %s', async (status, value, retry) => {
    const answer = new Response('no', { status, headers: { 'retry-after': value } });
    const reason = await reasonFor(transport, answer);
    expect(reason.retry).toBe(retry);
    expect(reason.code).toBe('refused');
  });

  it('with status 403 and without a code is forbidden, and nothing is tried again', async () => {
    const reason = await reasonFor(transport, new Response('no', { status: 403, statusText: 'Forbidden' }));
    expect(reason).toEqual({ code: 'forbidden', message: '403: Forbidden', retry: false });
  });

  it.each([
    ['text/html', '<!doctype html><title>Log in</title>'],
    ['text/plain', 'OK'],
    ['application/vnd.json', '{"error":7}'],
  ])(
    'by another program, with %s, names status, type and URL, and comes back with back-off',
    async (type, body) => {
      const answer = new Response(body, { headers: { 'content-type': type } });
      Object.defineProperty(answer, 'url', { value: 'http://h/login' });
      const { code, message, retry } = await reasonFor(transport, answer);
      expect(code).toBe('not-velox');
      for (const part of ['200', type, 'http://h/login']) expect(message).toContain(part);
      expect(retry).toBeUndefined();
    },
  );

  it('has a reason also when its body is odd', async () => {
    for (const body of ['', 'null', '7', '{"error":null}', '{"error":7}', '[]']) {
      const reason = await reasonFor(transport, new Response(body, { status: 404 }));
      expect(reason).toMatchObject({ code: 'refused', message: expect.stringMatching(/^404: /) as string });
    }
  });
});

describe('Retry-After', () => {
  it('may be a date', () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
    expect(retryAfter('Thu, 01 Jan 2026 00:00:30 GMT')).toBe(30_000);
    expect(retryAfter('Thu, 01 Jan 2020 00:00:00 GMT')).toBe(0);
    expect(retryAfter('Fri, 01 Jan 2027 00:00:00 GMT')).toBe(600_000);
    expect(retryAfter(null)).toBeUndefined();
  });
});
