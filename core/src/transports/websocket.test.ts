import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Hello } from '../protocol/frames.js';
import { testTransportContract, type Peer, type Rig } from '../../test/contracts/transport-contract.js';
import type { Transport } from '../connection/transport.js';
import { websocket } from './websocket.js';

const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5_000, interval: 5 });
const transport = websocket(WebSocket) as Transport;

async function start(): Promise<Rig & { readonly requests: string[]; readonly received: string[] }> {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  let refused = 0;
  const requests: string[] = [];
  const received: string[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const peers: Peer[] = [];
  const asking: ((peer: Peer) => void)[] = [];
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    requests.push(request.url as string);
    if (refused) return void socket.end(`HTTP/1.1 ${refused} No\r\ncontent-length: 0\r\n\r\n`);
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => {});
      client.on('message', (data: Buffer) => received.push(data.toString()));
      const peer: Peer = {
        send: (message) => client.send(message),
        end: () => client.close(),
        cut: () => client.terminate(),
        gone: once(client, 'close'),
      };
      const next = asking.shift();
      if (next) next(peer);
      else peers.push(peer);
    });
  });
  return {
    requests,
    received,
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/sync?a=1`,
    accept: () => {
      const peer = peers.shift();
      return peer ? Promise.resolve(peer) : new Promise((resolve) => asking.push(resolve));
    },
    refuse: (status) => (refused = status),
    close: async () => {
      if (!http.listening) return;
      sockets.clients.forEach((client) => client.terminate());
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

testTransportContract(transport, start);

describe('websocket', () => {
  afterEach(() => void vi.unstubAllGlobals());
  const events = { onOpen() {}, onByte() {}, onFrame() {}, onClose() {} };

  it('asks for version 3, keeps the query, and sends the first frames in one message before all others', async () => {
    const rig = await start();
    const open = [{ open: {} }, { subscribe: [{ topic: 'a', id: 'x', version: 1 }] }];
    const opened = vi.fn();
    const link = transport({ url: rig.url, headers: {}, open }, { ...events, onOpen: opened });
    await rig.accept();
    await soon(() => expect(opened).toHaveBeenCalled());
    link.send('{"unsubscribe":["a"]}', {} as Hello);
    await soon(() => expect(rig.received).toHaveLength(2));
    expect(rig.requests).toEqual(['/sync?a=1&velox=3']);
    expect(rig.received).toEqual([
      '[{"open":{}},{"subscribe":[{"topic":"a","id":"x","version":1}]}]',
      '{"unsubscribe":["a"]}',
    ]);
    link.close();
    await rig.close();
  });

  /** A class whose sockets a test plays. */
  const createFakeClass = (onCreate: (url: string, socket: Partial<globalThis.WebSocket>) => void) =>
    class {
      constructor(url: string) {
        onCreate(url, this);
      }
      send() {}
      close() {}
    };
  const insecure = createFakeClass(() => {
    throw new Error('insecure');
  });

  it.each([
    ['http://h/sync', 'ws://h/sync?velox=3'],
    ['https://http.example/http?x=http', 'wss://http.example/http?x=http&velox=3'],
  ])('opens %s as %s', (url, expected) => {
    const opened: string[] = [];
    websocket(createFakeClass((target) => opened.push(target)))?.({ url, headers: {}, open: [] }, events);
    expect(opened).toEqual([expected]);
  });

  it('reports an error of its class as refused, after the call', async () => {
    const onClose = vi.fn();
    const link = websocket(insecure)?.({ url: 'http://h/', headers: {}, open: [] }, { ...events, onClose });
    expect(onClose).not.toHaveBeenCalled();
    await Promise.resolve();
    expect(onClose).toHaveBeenCalledExactlyOnceWith({ code: 'refused', message: 'Error: insecure' });
    link?.close();
  });

  it('reports no such error if it was closed meanwhile', async () => {
    const onClose = vi.fn();
    websocket(insecure)?.({ url: 'http://h/', headers: {}, open: [] }, { ...events, onClose }).close();
    await Promise.resolve();
    expect(onClose).not.toHaveBeenCalled();
  });

  it('takes a binary message for a bad frame', () => {
    const onClose = vi.fn();
    const sockets: Partial<globalThis.WebSocket>[] = [];
    const Fake = createFakeClass((_, socket) => sockets.push(socket));
    websocket(Fake)?.({ url: 'http://h/', headers: {}, open: [] }, { ...events, onClose });
    const message = new MessageEvent('message', { data: new Blob(['{"ping":true}']) });
    sockets[0]?.onmessage?.call(sockets[0] as globalThis.WebSocket, message);
    expect(onClose).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'bad-frame' }));
  });

  it('takes an error for the end, one turn later: Node 22 sends no close for a refused upgrade', () => {
    vi.useFakeTimers();
    const onClose = vi.fn();
    const sockets: Partial<globalThis.WebSocket>[] = [];
    const Fake = createFakeClass((_, socket) => sockets.push(socket));
    const open = () => websocket(Fake)?.({ url: 'http://h/', headers: {}, open: [] }, { ...events, onClose });
    const fire = (name: 'onerror' | 'onclose', event: object): void =>
      (sockets.at(-1)?.[name] as ((event: object) => void) | undefined)?.(event);
    open();
    fire('onerror', { message: 'Unexpected server response: 404' });
    expect(onClose).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onClose).toHaveBeenLastCalledWith({
      code: 'lost',
      message: 'error Unexpected server response: 404',
    });
    open();
    fire('onerror', {});
    fire('onclose', { code: 1006, reason: '' });
    vi.advanceTimersByTime(1);
    expect(onClose).toHaveBeenCalledTimes(2);
    expect(onClose).toHaveBeenLastCalledWith({ code: 'lost', message: 'closed (1006) ' });
    vi.useRealTimers();
  });

  it('is available only if a WebSocket class exists', () => {
    vi.stubGlobal('WebSocket', undefined);
    expect(websocket()).toBeUndefined();
    vi.stubGlobal('WebSocket', WebSocket);
    expect(websocket()?.name).toBe('websocket');
  });
});
