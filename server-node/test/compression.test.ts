/** Compression between real ends: the agreement, and the choice of messages. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { createGunzip, InflateRaw } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { HANDSHAKE, RawConnection } from './rig/raw-connection.js';

const WORDS = 'some words that come again and again, '.repeat(30);

/** The answer of a server to an offer. */
async function agreed(offer: string, options: velox.HubOptions = {}): Promise<string | undefined> {
  const hub = velox.createHub(options);
  await using server = await listen(hub.handle);
  const raw = new RawConnection(server.origin);
  onTestFinished(() => void raw.socket.destroy());
  raw.request([...HANDSHAKE, `Sec-WebSocket-Extensions: ${offer}`]);
  const head = await raw.until(/101 Switching Protocols\r\n.*\r\n\r\n/s);
  return /^Sec-WebSocket-Extensions: (.*)\r$/m.exec(head)?.[1];
}

describe('permessage-deflate', () => {
  it.each([
    ['permessage-deflate; client_max_window_bits', 'permessage-deflate; client_no_context_takeover'],
    [
      'permessage-deflate; server_no_context_takeover',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ],
    ['permessage-deflate; server_max_window_bits=10', undefined],
    ['x-webkit-deflate-frame', undefined],
  ])('%s is answered by %s', async (offer, answer) => {
    expect(await agreed(offer)).toBe(answer);
  });

  it('is not agreed on if the hub disables it', async () => {
    expect(await agreed('permessage-deflate', { compression: false })).toBeUndefined();
  });

  it('does not compress the frames of a single client', async () => {
    const hub = velox.createHub();
    hub.state('', { text: WORDS });
    const sessions: velox.Session[] = [];
    hub.on('hi', (session) => sessions.push(session));
    await using server = await listen(hub.handle);
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}?velox=3`);
    onTestFinished(() => socket.terminate());
    let bytes = '';
    await once(socket, 'open');
    const { _socket: stream } = socket as unknown as { _socket: NodeJS.ReadableStream };
    stream.prependListener('data', (data: Buffer) => (bytes += data.toString('latin1')));
    for (const frame of [{ open: {} }, { event: 'hi', data: 1, seq: 1 }, { subscribe: [{}], seq: 2 }]) {
      socket.send(JSON.stringify(frame));
    }
    await vi.waitFor(() => expect(sessions).toHaveLength(1));
    sessions[0]?.emit('secret', WORDS);
    await vi.waitFor(() => expect(bytes).toContain(`"event":"secret","data":"${WORDS}"`));
    expect(bytes).toContain('"session":');
    expect(bytes).not.toContain('"body"');
  });

  it('applies the limit to the inflated size', async () => {
    const hub = velox.createHub();
    await using server = await listen(hub.handle);
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}?velox=3`, {
      perMessageDeflate: { threshold: 0 },
    });
    await once(socket, 'open');
    socket.send(' '.repeat(20 << 20)); // 20 KB on the wire
    expect(await once(socket, 'close')).toEqual([1009, expect.anything()]);
  });

  it('ends the decompressor of a client between its messages', async () => {
    const hub = velox.createHub();
    await using server = await listen(hub.handle);
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}?velox=3`, {
      perMessageDeflate: { threshold: 0 },
    });
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    const end = vi.spyOn(InflateRaw.prototype, 'close');
    onTestFinished(() => end.mockRestore());
    socket.send('{"open":{}}');
    let heard = 0;
    hub.on('x', () => heard++);
    for (let seq = 1; seq <= 20; seq++) socket.send(JSON.stringify({ event: 'x', data: WORDS, seq }));
    await vi.waitFor(() => expect(heard).toBe(20));
    expect(end).toHaveBeenCalledTimes(20);
  });
});

describe('an event stream in gzip', () => {
  const headers = { accept: 'text/event-stream', 'accept-encoding': 'gzip' };

  it('is readable part by part as it arrives, also for clients that join later', async () => {
    const hub = velox.createHub();
    const state = hub.state('', { n: 0, text: WORDS });
    await using server = await listen(hub.handle);
    const open = async (): Promise<{ until: (wanted: string) => Promise<void>; length: () => number }> => {
      const outgoing = get(`${server.origin}?velox=3`, { headers, agent: false });
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      onTestFinished(() => void response.destroy());
      expect(response.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Origin, Accept-Encoding' });
      let text = '';
      let length = 0;
      const gunzip = response.on('data', (data: Buffer) => (length += data.length)).pipe(createGunzip());
      gunzip.on('data', (data: Buffer) => (text += data.toString()));
      const until = (wanted: string): Promise<void> => vi.waitFor(() => expect(text).toContain(wanted));
      return { until, length: () => length };
    };
    const early = await open();
    await early.until(`"text":"${WORDS}"`);
    expect(early.length()).toBeLessThan(WORDS.length);
    state.update((draft) => void (draft.n = 1));
    await early.until('"version":2,"delta":true');
    const late = await open();
    await late.until(`"text":"${WORDS}"`);
    state.update((draft) => void (draft.text += WORDS));
    for (const each of [early, late]) await each.until('"version":3');
  });

  it('is read by fetch, and by curl, whose output is flushed with each event', async () => {
    const state = velox.state({ n: 0, text: WORDS });
    await using server = await listen(state.handle);
    const url = `${server.origin}?velox=3`;
    const stream = await fetch(url, { headers: { accept: 'text/event-stream' } });
    expect(stream.headers.get('content-encoding')).toBe('gzip');
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    const curl = execFile('curl', ['-sSN', '--compressed', '-H', 'Accept: text/event-stream', url]);
    onTestFinished(() => void curl.kill());
    let byCurl = '';
    curl.stdout?.on('data', (text: string) => (byCurl += text));
    let byFetch = '';
    const decoder = new TextDecoder();
    for (const wanted of ['"version":1', '"version":2', '"version":3']) {
      while (!byFetch.includes(wanted))
        byFetch += decoder.decode((await reader.read()).value, { stream: true });
      await vi.waitFor(() => expect(byCurl).toContain(wanted), 5_000);
      state.update((draft) => void draft.n++);
    }
    const ended = once(curl, 'exit');
    await Promise.all([reader.cancel(), state.close()]);
    await ended;
    expect(byCurl).toContain('"bye"');
  });

  it.each([
    ['the client does not take it', {}, undefined, 'identity'],
    ['the hub is told not to', { compression: false }, undefined, 'gzip'],
    ['somebody else encodes it', {}, 'x-own', 'gzip'],
  ])('is none where %s', async (_, options, encoding, accepted) => {
    const state = velox.state({ n: 0 }, options);
    await using server = await listen((request, response) => {
      if (encoding) response.setHeader('content-encoding', encoding);
      void state.handle(request, response);
    });
    const outgoing = get(`${server.origin}?velox=3`, {
      headers: { ...headers, 'accept-encoding': accepted },
    });
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    onTestFinished(() => void response.destroy());
    expect(response.headers['content-encoding']).toBe(encoding);
    const [data] = (await once(response, 'data')) as [Buffer];
    expect(data.toString()).toContain('"hello"');
  });
});
