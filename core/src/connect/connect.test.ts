import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from './connect.js';
import type { Sync } from '../events/sync.js';
import { isVeloxError } from '../protocol/error.js';
import { createFakeTransport } from '../testing/fake-transport.js';

const opened: string[] = [];
class Socket {
  constructor(url: string) {
    opened.push(url);
  }
  send() {}
  close() {}
}

beforeEach(() => {
  opened.length = 0;
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', undefined);
  vi.stubGlobal('fetch', (url: string) => (opened.push(url), new Promise(() => {})));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Wants the default topic, and gives each transport its 4 s. */
async function want(sync: Sync): Promise<string[]> {
  sync.replica().subscribe(() => {});
  await vi.advanceTimersByTimeAsync(4_001);
  sync.close();
  return opened;
}

describe('connect', () => {
  it('tries WebSocket, then server-sent events', async () => {
    const sync = connect('http://h/sync', { WebSocket: Socket });
    expect(opened).toEqual([]);
    expect(await want(sync)).toEqual(['ws://h/sync?velox=3', 'http://h/sync?velox=3&keep=1']);
  });

  it('uses the global WebSocket, and does without it', async () => {
    vi.stubGlobal('WebSocket', Socket);
    expect(await want(connect('http://a/'))).toHaveLength(2);
    vi.stubGlobal('WebSocket', undefined);
    opened.length = 0;
    expect((await want(connect('http://b/'))).slice(0, 1)).toEqual(['http://b/?velox=3&keep=1']);
  });

  it.each([
    ['websocket', /^ws:/],
    ['sse', /^http:/],
  ] as const)('uses only the transport %s if the options select it', async (transport, scheme) => {
    await want(connect('http://h/sync', { WebSocket: Socket, transport }));
    expect(opened.length).toBeGreaterThan(0);
    opened.forEach((url) => expect(url).toMatch(scheme));
  });

  it('accepts custom transports and skips unavailable ones', async () => {
    const { transport, links } = createFakeTransport();
    const headers = { authorization: 'x' };
    await want(connect('http://h/', { transports: [undefined, transport], headers }));
    expect(links[0]?.attempt).toMatchObject({ url: 'http://h/', headers });
    expect(opened).toEqual([]);
  });

  it('names the known transports if another one is chosen', () => {
    expect(() => connect('http://h/s', { transport: 'ws' as 'websocket' })).toThrow(
      'the transport "ws" is not available. Use "auto", "websocket", "sse" or "polling".',
    );
  });

  it('throws no-transport if no transport is available', () => {
    for (const options of [{ transport: 'websocket' }, { transports: [] }] as const) {
      let thrown: unknown;
      try {
        connect('http://h/', options);
      } catch (error) {
        thrown = error;
      }
      expect(isVeloxError(thrown, 'no-transport')).toBe(true);
    }
  });

  it('resolves relative URLs against the document, or the script of a worker', async () => {
    vi.stubGlobal('location', { href: 'https://w/dir/worker.js' });
    expect((await want(connect('sync'))).slice(0, 1)).toEqual(['https://w/dir/sync?velox=3&keep=1']);
    vi.stubGlobal('document', { baseURI: 'https://d/base/page?x#y' });
    opened.length = 0;
    expect((await want(connect('../sync?a=1'))).slice(0, 1)).toEqual(['https://d/sync?a=1&velox=3&keep=1']);
  });

  it.each(['ws://h/sync', 'http://h/sync'])('takes %s for every transport', async (url) => {
    const sync = connect(url, { WebSocket: Socket });
    expect(await want(sync)).toEqual(['ws://h/sync?velox=3', 'http://h/sync?velox=3&keep=1']);
  });

  it('rejects a relative URL if there is no base URL', () => {
    expect(() => connect('/sync')).toThrow(
      expect.objectContaining({
        code: 'bad-url',
        message: 'velox: "/sync" is no URL here. Pass an absolute one.',
      }),
    );
  });
});
