import { describe, expect, it, vi } from 'vitest';
import * as velox from '../src/index.js';

const isState = (text: string): boolean => text.includes('"version"');

interface Asked extends Omit<RequestInit, 'headers' | 'body'> {
  readonly headers?: Record<string, string>;
  readonly frames?: readonly object[];
}

function ask({ headers, frames, ...init }: Asked = {}): Request {
  const body = frames && { method: 'POST', body: JSON.stringify(frames) };
  return new Request('http://localhost/sync?velox=3', {
    headers: { accept: 'application/json', ...headers },
    ...init,
    ...body,
  });
}

const STREAM = { accept: 'text/event-stream' };
const OPEN = [{ open: {} }, { subscribe: [{}] }];

async function sessionOf(response: Response): Promise<string> {
  const [first] = (await response.json()) as [{ hello: { session: string } }];
  return first.hello.session;
}

describe('fetch', () => {
  it('answers a preflight of a listed origin with the requested headers, and others without', async () => {
    const { fetch } = velox.state({ a: 1 }, { origins: ['https://app.example'] });
    const preflight = async (origin: string): Promise<Response> =>
      fetch(ask({ method: 'OPTIONS', headers: { origin, 'access-control-request-headers': 'x-csrf' } }));
    const good = await preflight('https://app.example');
    expect(good.status).toBe(204);
    expect(Object.fromEntries(good.headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-headers': 'x-csrf',
      'access-control-allow-methods': 'GET, POST',
      vary: 'Origin',
    });
    const bad = await preflight('https://evil.example');
    expect(bad.status).toBe(204);
    expect(Object.fromEntries(bad.headers)).toEqual({ vary: 'Origin' });
  });

  it('answers 304 to a cache that knows the value, also if a proxy weakened the tag', async () => {
    const { fetch } = velox.state({ a: 1 });
    const tag = (await fetch(ask())).headers.get('etag');
    const again = await fetch(ask({ headers: { 'if-none-match': `"other", W/${tag}` } }));
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it.each([
    [undefined, null],
    [true, null],
    ['all', 'gzip'],
    [false, null],
  ] as const)('with compression: %s encodes event streams as %s', async (compression, encoding) => {
    const { fetch } = velox.state({ a: 1 }, compression === undefined ? {} : { compression });
    const response = await fetch(ask({ headers: { ...STREAM, 'accept-encoding': 'gzip' } }));
    expect(response.headers.get('content-encoding')).toBe(encoding);
    await response.body?.cancel();
  });

  it('opens a session by polling, and goes on with it', async () => {
    const state = velox.state({ a: 1, pad: 'x'.repeat(300) });
    const session = await sessionOf(await state.fetch(ask({ frames: OPEN })));
    const poll = state.fetch(ask({ headers: { 'velox-session': session } }));
    state.update((draft) => void (draft.a = 2));
    expect(await (await poll).json()).toMatchObject([{ version: 2, delta: true }]);
  });

  it.each(['while it is let in', 'while its stream is there'])(
    'a peer that goes %s leaves nothing behind, though its stream is not cancelled',
    async (when) => {
      let letIn: () => void = () => undefined;
      const answer = new Promise<void>((resolve) => (letIn = resolve));
      const hub = velox.createHub({ authorize: () => answer });
      hub.state('', { a: 1 });
      const abort = new AbortController();
      const response = hub.fetch(ask({ headers: STREAM, signal: abort.signal }));
      if (when === 'while it is let in') abort.abort();
      letIn();
      await response;
      abort.abort();
      await vi.waitFor(() => expect(hub.stats()).toMatchObject({ sessions: 0, subscriptions: 0 }));
    },
  );

  it('an abort after the answer is no loss of the link', async () => {
    const hub = velox.createHub();
    hub.state('', { a: 1 });
    const abort = new AbortController();
    await sessionOf(await hub.fetch(ask({ frames: OPEN, signal: abort.signal })));
    abort.abort();
    await Promise.resolve();
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
  });

  it('an abort while a poll waits is one', async () => {
    const hub = velox.createHub();
    hub.state('', { a: 1 });
    const session = await sessionOf(await hub.fetch(ask({ frames: OPEN })));
    const abort = new AbortController();
    void hub.fetch(ask({ headers: { 'velox-session': session }, signal: abort.signal }));
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 1 });
  });

  it('a body that was read before, or breaks off, is refused', async () => {
    const { fetch } = velox.state({ a: 1 });
    const read = ask({ frames: OPEN });
    await read.text();
    const broken = new Request('http://localhost/sync?velox=3', {
      method: 'POST',
      body: new ReadableStream({ start: (controller) => controller.error(new Error('gone')) }),
      duplex: 'half',
    } as RequestInit);
    for (const request of [read, broken]) {
      const response = await fetch(request);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: 'bad-frame' } });
    }
  });

  it('a stream that its reader leaves alone takes 64 KiB, and more when less than 16 KiB of that wait', async () => {
    const state = velox.state({ n: 0, pad: 'x'.repeat(20_000) });
    const response = await state.fetch(ask({ headers: STREAM }));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const text = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    const write = async (): Promise<void> => {
      state.set({ n: state.get().n + 1, pad: `${state.get().n}`.repeat(20_000) });
      await new Promise((resolve) => setImmediate(resolve));
    };
    expect(isState(await text())).toBe(true);
    for (let n = 0; n < 8; n++) await write(); // more than it takes
    const versions: number[] = [];
    const read = async (): Promise<void> => {
      for (const [, version] of (await text()).matchAll(/"version":(\d+)/g)) versions.push(Number(version));
    };
    for (let n = 0; n < 3; n++) await read();
    expect(versions).toEqual([2, 3, 4]);
    await write(); // one message of 20,000 bytes waits: still too many
    await read();
    await read();
    expect(versions).toEqual([2, 3, 4, 5, 10]);
    await reader.cancel();
  });
});
