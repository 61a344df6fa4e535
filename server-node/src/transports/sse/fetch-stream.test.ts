/** Event streams of web-standard servers: compressed if the hub and the client allow it, and ended if their reader stops. */
import { once } from 'node:events';
import { get, type IncomingMessage, type RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../../index.js';
import { STALL_MS } from '../socket/stall.js';
import { listen } from '../../../test/rig/listen.js';

afterEach(() => void vi.useRealTimers());

const WORDS = 'some words that come again and again, '.repeat(30);
const STREAM = { accept: 'text/event-stream' };

const ask = (headers: Record<string, string>): Request =>
  new Request('http://localhost/sync?velox=3', { headers: { ...STREAM, ...headers } });

/** A web-standard server on node:http, as hosts make one. */
function hosted(fetch: velox.Endpoint['fetch']): RequestListener {
  return ({ url = '', headers }, answer) => {
    const request = new Request(`http://localhost${url}`, { headers: headers as Record<string, string> });
    void fetch(request).then(({ status, headers: given, body }) => {
      answer.writeHead(status, Object.fromEntries(given));
      return pipeline(Readable.fromWeb(body as never), answer).catch(() => undefined);
    });
  };
}

/** A client that sees each byte as it comes. */
async function open(
  origin: string,
  coding: string,
): Promise<{ text: () => string; until: (wanted: string) => Promise<void>; length: () => number }> {
  const headers = { ...STREAM, 'accept-encoding': coding };
  const [response] = (await once(get(`${origin}?velox=3`, { headers, agent: false }), 'response')) as [
    IncomingMessage,
  ];
  onTestFinished(() => void response.destroy());
  const isGzip = response.headers['content-encoding'] === 'gzip';
  expect(isGzip).toBe(coding === 'gzip');
  let text = '';
  let length = 0;
  response.on('data', (data: Buffer) => (length += data.length));
  const events = isGzip ? response.pipe(createGunzip()) : response;
  events.on('data', (data: Buffer) => (text += data.toString()));
  const until = (wanted: string): Promise<void> => vi.waitFor(() => expect(text).toContain(wanted), 5_000);
  return { text: () => text, until, length: () => length };
}

/** The events without `hello`, which is each client's own. */
const shared = (text: string): string[] => text.split('\n\n').filter((event) => event.startsWith('id:'));

describe('an event stream by fetch, in gzip', () => {
  it('has the same events as without gzip, each as soon as it was sent, also for a later reader', async () => {
    const state = velox.state({ n: 0, text: WORDS }, { compression: 'all' });
    await using server = await listen(hosted(state.fetch));
    const [early, plain] = await Promise.all(
      ['gzip', 'identity'].map((coding) => open(server.origin, coding)),
    );
    for (const each of [early, plain]) await each?.until(`"text":"${WORDS}"`);
    expect(early?.length()).toBeLessThan(WORDS.length);
    expect(plain?.length()).toBeGreaterThan(WORDS.length);
    state.update((draft) => void (draft.n = 1));
    for (const each of [early, plain]) await each?.until('"version":2,"delta":true');
    const late = await open(server.origin, 'gzip');
    await late.until(`"text":"${WORDS}"`);
    state.update((draft) => void (draft.text += WORDS));
    for (const each of [early, plain, late]) await each?.until('"version":3');
    expect(shared(early?.text() ?? '')).toEqual(shared(plain?.text() ?? ''));
    expect(shared(late.text()).at(-1)).toBe(shared(plain?.text() ?? '').at(-1));
  });

  it('is read by fetch, to its end', async () => {
    const state = velox.state({ n: 0, text: WORDS }, { compression: 'all' });
    await using server = await listen(hosted(state.fetch));
    const stream = await fetch(`${server.origin}?velox=3`, { headers: STREAM });
    expect(stream.headers.get('content-encoding')).toBe('gzip');
    let text = '';
    const decoder = new TextDecoder();
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    const read = async (): Promise<boolean> => {
      const { done, value } = await reader.read();
      text += decoder.decode(value, { stream: true });
      return !done;
    };
    for (const wanted of ['"version":1', '"version":2', '"version":3']) {
      while (!text.includes(wanted)) await read();
      state.update((draft) => void draft.n++);
    }
    const closed = state.close();
    while (await read());
    await closed;
    expect(text).toContain('"bye"');
  });

  it('begins in the first bytes of its body, and says so in its head', async () => {
    const state = velox.state({ text: WORDS }, { compression: 'all' });
    const { headers, body } = await state.fetch(ask({ 'accept-encoding': 'br, gzip' }));
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'text/event-stream',
      vary: 'Origin, Accept-Encoding',
    });
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    const { value = new Uint8Array() } = await reader.read();
    expect([...value.subarray(0, 3)]).toEqual([0x1f, 0x8b, 8]);
    expect(value.length).toBeGreaterThan(100);
    await reader.cancel();
  });

  it.each([
    ['the client does not take it', {}, { 'accept-encoding': 'identity' }, 'Origin, Accept-Encoding'],
    ['the client says nothing', {}, {}, 'Origin, Accept-Encoding'],
    ['the hub is told not to', { compression: false }, { 'accept-encoding': 'gzip' }, 'Origin'],
    ['the hub is told nothing', { compression: undefined }, { 'accept-encoding': 'gzip' }, 'Origin'],
    ['the hub compresses what Node serves', { compression: true }, { 'accept-encoding': 'gzip' }, 'Origin'],
  ])('is none where %s', async (_, options, accepted, vary) => {
    const { fetch } = velox.state({ text: WORDS }, { compression: 'all', ...options } as velox.HubOptions);
    const { headers, body } = await fetch(ask(accepted));
    expect([headers.get('content-encoding'), headers.get('vary')]).toEqual([null, vary]);
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toMatch(/^data: \{"hello"/);
    await reader.cancel();
  });

  it('counts pending messages by their bytes on the wire', async () => {
    const hub = velox.createHub({ compression: 'all' });
    const state = hub.state('', { n: 0, text: WORDS });
    const { body } = await hub.fetch(ask({ 'accept-encoding': 'gzip' }));
    state.update((draft) => void (draft.text += WORDS.repeat(100)));
    await Promise.resolve();
    const { waiting } = hub.stats();
    expect(waiting).toBeGreaterThan(0);
    expect(waiting).toBeLessThan(5_000);
    await body?.cancel();
  });
});

describe('an event stream by fetch that is full', () => {
  /** One that has more to send than may wait, with a reader that has not read. */
  async function stuffed(bytes: number): Promise<{
    hub: velox.Hub;
    reader: ReadableStreamDefaultReader<Uint8Array>;
    wait: (ms: number) => Promise<void>;
  }> {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const hub = velox.createHub();
    hub.state('', { text: 'x'.repeat(bytes) });
    const { body } = await hub.fetch(ask({}));
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    const wait = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));
    return { hub, reader, wait };
  }

  it('ends when no reader has read for the time-out, and discards the pending messages', async () => {
    const { hub, reader, wait } = await stuffed(200_000);
    expect(hub.stats().waiting).toBeGreaterThan(200_000);
    await wait(STALL_MS - 1);
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
    await wait(1);
    expect(hub.stats()).toMatchObject({ sessions: 0, subscriptions: 0, waiting: 0 });
    expect(await reader.read()).toMatchObject({ done: true });
  });

  it('continues while a slow reader reads, also within one message', async () => {
    const { hub, reader, wait } = await stuffed(400_000);
    let length = 0;
    for (let reads = 0; hub.stats().waiting > 0; reads++) {
      expect(reads).toBeLessThan(20);
      await wait(STALL_MS - 1);
      const { value } = await reader.read();
      expect(value?.length).toBeLessThanOrEqual(64 * 1024);
      length += value?.length ?? 0;
    }
    expect(length).toBeGreaterThan(400_000);
    await wait(10 * STALL_MS); // nothing waits, so no read is needed
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
    await reader.cancel();
  });

  it('gives its host a transferable part, and keeps the rest', async () => {
    const { reader } = await stuffed(100_000);
    const lengths: number[] = [];
    for (let n = 0; n < 2; n++) {
      const { value = new Uint8Array() } = await reader.read();
      lengths.push(structuredClone(value, { transfer: [value.buffer] }).length);
    }
    expect(lengths[0]).toBe(64 * 1024);
    expect(lengths[1]).toBeGreaterThan(100_000 - 64 * 1024);
    await reader.cancel();
  });

  it('still delivers the pending messages and the goodbye when it is closed', async () => {
    const { hub, reader } = await stuffed(200_000);
    await hub.close();
    let text = '';
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      text += new TextDecoder().decode(read.value);
    }
    expect(text).toMatch(/x{200000}.*"bye".*\n\n$/s);
  });

  it('is not written to after its end', async () => {
    const { hub, reader, wait } = await stuffed(200_000);
    await reader.cancel();
    expect(hub.stats()).toMatchObject({ sessions: 0, waiting: 0 });
    await wait(15_000); // the topic's broadcast lingers for 5 s, and its caches rest after 10 s at most
    expect(vi.getTimerCount()).toBe(0);
  });
});
