import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { polling } from './requests.js';

const HELLO = {
  hello: {
    protocol: 3,
    session: 's',
    heartbeat: 15_000,
    ack: 0,
    link: 2,
    limits: { frame: 1_000, depth: 9 },
  },
};
const events = { onOpen: vi.fn(), onByte: vi.fn(), onFrame: vi.fn(), onClose: vi.fn() };

beforeEach(() => void vi.resetAllMocks());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Answers requests with these frames, in turn; requests after that wait. */
function answerWith(...answers: unknown[]) {
  const fetch = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(() => {
    if (!answers.length) return new Promise<never>(() => {});
    const body = JSON.stringify(answers.shift());
    return Promise.resolve(new Response(body, { headers: { 'content-type': 'application/json' } }));
  });
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

/** Opens a link whose requests are answered so. */
function open(...answers: unknown[]) {
  const fetch = answerWith(...answers);
  const link = polling()({ url: 'http://h/sync', headers: {}, open: [{ open: {} }] }, events);
  onTestFinished(() => link.close());
  return fetch;
}

describe('long-polling', () => {
  it('numbers the polls of a link from 1, and names session and link', async () => {
    const state = { id: 'a', version: 1, body: 1 };
    const fetch = open([HELLO], [state], [state]);
    await vi.waitFor(() => expect(fetch).toHaveBeenCalledTimes(4));
    const sent = fetch.mock.calls.map(([, { headers }]) => headers as Record<string, string>);
    expect(sent.map((headers) => headers['velox-poll'])).toEqual([undefined, '1', '2', '3']);
    expect(sent[3]).toMatchObject({ 'velox-session': 's', 'velox-link': '2' });
  });

  it.each([null, 7, {}, { ...HELLO.hello, session: { toString: 1 } }])(
    'ends with bad-frame by the hello %j, and says no goodbye',
    async (hello) => {
      const uncaught = vi.fn();
      process.on('uncaughtException', uncaught);
      onTestFinished(() => void process.off('uncaughtException', uncaught));
      const fetch = open([{ hello }]);
      await vi.waitFor(() => expect(events.onClose).toHaveBeenCalledOnce());
      expect(events.onClose.mock.calls[0]?.[0]).toMatchObject({ code: 'bad-frame' });
      await new Promise((resolve) => setTimeout(resolve));
      expect(uncaught).not.toHaveBeenCalled();
      expect(fetch).toHaveBeenCalledOnce();
    },
  );

  it('takes an empty answer for the end of the link', async () => {
    const fetch = open([HELLO], []);
    await vi.waitFor(() => expect(events.onClose).toHaveBeenCalledOnce());
    expect(events.onClose.mock.calls[0]?.[0]).toMatchObject({ code: 'lost' });
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('polls at most ten times a second while there are only signs of life', async () => {
    vi.useFakeTimers();
    const fetch = open([HELLO], ...Array.from({ length: 100 }, () => [{ ping: true }]));
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fetch.mock.calls.length).toBeGreaterThan(5);
    expect(fetch.mock.calls.length).toBeLessThanOrEqual(12);
  });

  it.each([[{ no: 'list' }], [[{ ping: true }]]])(
    'takes %j in place of hello as the answer of another program',
    async (answer) => {
      open(answer);
      await vi.waitFor(() => expect(events.onClose).toHaveBeenCalledOnce());
      expect(events.onClose.mock.calls[0]?.[0]).toMatchObject({ code: 'not-velox' });
    },
  );

  it.each([
    ['behind a service worker', {}, 1],
    ['without one', null, 0],
  ])('when it ends %s, tells the server so by %s', async (_, controller, times) => {
    vi.stubGlobal('navigator', { serviceWorker: { controller } });
    const fetch = vi.fn<(url: string, init: RequestInit) => Promise<Response>>();
    const answers = [[HELLO]];
    fetch.mockImplementation(() => {
      const answer = answers.shift();
      if (!answer) return new Promise<never>(() => {});
      const headers = { 'content-type': 'application/json' };
      return Promise.resolve(new Response(JSON.stringify(answer), { headers }));
    });
    vi.stubGlobal('fetch', fetch);
    const link = polling()({ url: 'http://h/sync', headers: { a: 'b' }, open: [{ open: {} }] }, events);
    await vi.waitFor(() => expect(fetch).toHaveBeenCalledTimes(2));
    link.close();
    await Promise.resolve();
    const goodbyes = fetch.mock.calls.slice(2);
    expect(goodbyes).toHaveLength(times);
    for (const [, { method, body, keepalive, headers }] of goodbyes) {
      expect({ method, body, keepalive }).toEqual({
        method: 'POST',
        body: '[{"bye":true}]',
        keepalive: true,
      });
      expect(headers).toMatchObject({ a: 'b', 'velox-session': 's', 'velox-link': '2' });
    }
  });

  it('tells the server if it ends between two polls, because the server sees no request end', async () => {
    vi.useFakeTimers();
    const fetch = answerWith([HELLO], [{ ping: true }]);
    const link = polling()({ url: 'http://h/sync', headers: {}, open: [{ open: {} }] }, events);
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(50);
    expect(fetch).toHaveBeenCalledTimes(2);
    link.close();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fetch.mock.calls.slice(2)).toMatchObject([[expect.anything(), { body: '[{"bye":true}]' }]]);
  });

  it('ends with a frame that is none', async () => {
    open([HELLO, null]);
    await vi.waitFor(() => expect(events.onClose).toHaveBeenCalledOnce());
    expect(events.onClose.mock.calls[0]?.[0]).toMatchObject({ code: 'bad-frame' });
  });
});
