/** The ways of an event stream to its client: straight to the socket, or by the response if other code intercepts
 * it. */
import { once } from 'node:events';
import { IncomingMessage, ServerResponse, type RequestListener } from 'node:http';
import { connect, createSecureServer, type ClientHttp2Stream } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { Socket, type AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../../index.js';
import { Message } from '../../wire/message.js';
import { FULL_BYTES } from '../../wire/outlet.js';
import { cert, key } from '../../../test/rig/certificate.js';
import { listen } from '../../../test/rig/listen.js';
import { rawStream, type Frame } from '../../../test/rig/raw-client.js';
import { RawConnection } from '../../../test/rig/raw-connection.js';
import { NodeStream } from './node-stream.js';

afterEach(() => void vi.restoreAllMocks());

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const GET = ['GET /?velox=3 HTTP/1.1', 'Host: localhost', 'Accept: text/event-stream'];

/** Sees what a client gets that joins and stays for two updates. */
async function follow(
  wrap: (listener: RequestListener) => RequestListener = (same) => same,
): Promise<Frame[]> {
  const state = velox.state({ n: 0 });
  await using server = await listen(wrap(state.handle));
  const stream = rawStream(server.origin);
  onTestFinished(() => stream.close());
  const frames = [await stream.find((frame) => 'version' in frame)];
  for (const n of [1, 2]) {
    state.update((draft) => void (draft.n = n));
    frames.push(await stream.next());
  }
  return frames;
}

const SEEN = [{ body: { n: 0 } }, { version: 2 }, { version: 3 }];

describe('an event stream', () => {
  it('goes straight to the socket', async () => {
    const write = vi.spyOn(ServerResponse.prototype, 'write');
    expect(await follow()).toMatchObject(SEEN);
    expect(write).not.toHaveBeenCalled();
  });

  it('goes by a response whose `write` other code has replaced', async () => {
    let written = 0;
    const frames = await follow((listener) => (request, response) => {
      const write = response.write.bind(response) as (chunk: unknown) => boolean;
      response.write = (chunk: unknown) => (written++, write(chunk));
      listener(request, response);
    });
    expect(frames).toMatchObject(SEEN);
    expect(written).toBe(3);
  });

  it('is not chunked for a client of HTTP/1.0', async () => {
    const state = velox.state({ n: 0 });
    await using server = await listen(state.handle);
    const raw = new RawConnection(server.origin);
    onTestFinished(() => void raw.socket.destroy());
    raw.request(['GET /?velox=3 HTTP/1.0', 'Accept: text/event-stream']);
    await raw.until(/"n":0/);
    state.update((draft) => void (draft.n = 1));
    expect(await raw.until(/"version":2/)).not.toMatch(/\r\n[0-9a-f]+\r\n(id|data)/);
  });

  it('leaves with its head and the first messages in one write', async () => {
    const state = velox.state({ n: 0, pad: 'x'.repeat(40_000) });
    await using server = await listen(state.handle);
    const raw = new RawConnection(server.origin);
    onTestFinished(() => void raw.socket.destroy());
    const accepted = once(server.server, 'connection');
    raw.request(GET);
    const [socket] = (await accepted) as [{ _write(): void; _writev(): void }];
    const writes = (['_write', '_writev'] as const).map((name) => vi.spyOn(socket, name));
    await raw.until(/x{40000}/);
    expect(writes.map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
  });

  it('has room after a long first write that the system took at once', () => {
    const request = Object.assign(new IncomingMessage(new Socket()), {
      httpVersionMajor: 1,
      httpVersionMinor: 1,
    });
    const response = new ServerResponse(request);
    const take = (_: unknown, ...more: unknown[]): void => (more.at(-1) as () => void)();
    response.assignSocket(new Duplex({ read: () => undefined, write: take, writev: take }) as Socket);
    const begin = (): boolean => !!response.writeHead(200);
    const stream = new NodeStream(response, 'sse', begin, () => undefined);
    expect(stream.write([new Message('x'.repeat(2 * FULL_BYTES))])).toBe(true);
  });

  it('waits for its turn behind an answer that is not finished', async () => {
    const state = velox.state({ n: 0 });
    let finish: () => void = () => undefined;
    await using server = await listen((request, response) => {
      if (request.url !== '/first') return void state.handle(request, response);
      response.write('slow');
      finish = () => response.end('finished');
    });
    const raw = new RawConnection(server.origin);
    onTestFinished(() => void raw.socket.destroy());
    raw.request(['GET /first HTTP/1.1', 'Host: localhost', '', ...GET]);
    await raw.until(/slow/);
    await turn();
    state.update((draft) => void (draft.n = 1));
    await turn();
    expect(raw.text).not.toContain('"n"');
    finish();
    await raw.until(/finished.*"version":2/s);
  });

  it('goes straight to a socket with TLS, too', async () => {
    const state = velox.state({ n: 0 });
    const server = createTlsServer({ cert, key }, state.handle).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const raw = new RawConnection(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => (raw.socket.destroy(), void server.close()));
    const write = vi.spyOn(ServerResponse.prototype, 'write');
    raw.request(GET);
    await raw.until(/"n":0/);
    state.update((draft) => void (draft.n = 1));
    await raw.until(/\r\n[0-9a-f]+\r\nid: .*\ndata: \{.*"version":2.*\}\n\n\r\n$/);
    expect(write).not.toHaveBeenCalled();
  });

  it('works over HTTP/2', async () => {
    const state = velox.state({ n: 0 });
    const server = createSecureServer({ cert, key }, (request, response) => {
      void state.handle(request as never, response as never);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const session = connect(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      rejectUnauthorized: false,
    });
    onTestFinished(() => (session.destroy(), void server.close()));
    const stream: ClientHttp2Stream = session.request({ ':path': '/?velox=3', accept: 'text/event-stream' });
    let text = '';
    stream.setEncoding('utf8').on('data', (data: string) => (text += data));
    await vi.waitFor(() => expect(text).toContain('"n":0'));
    state.update((draft) => void (draft.n = 1));
    await vi.waitFor(() => expect(text).toContain('"version":2'));
    expect(text).toMatch(/^data: \{"hello".*\n\nid: .*\ndata: .*\n\nid: .*\ndata: .*\n\n$/);
  });
});
