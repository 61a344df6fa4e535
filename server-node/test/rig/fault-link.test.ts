import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFaultProxy } from './fault-proxy.js';
import { createFaultRig, until, type FaultRig } from './fault-rig.js';
import { listen } from './listen.js';

let rig: FaultRig;
let proxy: FaultRig['proxy'];
let seen: FaultRig['seen'];

beforeEach(async () => {
  rig = await createFaultRig();
  ({ proxy, seen } = rig);
});

afterEach(() => rig.close());

function promise<T>(): [Promise<T>, (value: T) => void] {
  let resolve!: (value: T) => void;
  return [new Promise<T>((settle) => (resolve = settle)), resolve];
}

/** A server that knows no HTTP, and lets each end close for itself. */
async function listenRaw(
  onSocket: (socket: Socket) => void,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer({ allowHalfOpen: true }, onSocket).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')) };
}

describe('without a fault', () => {
  it('bytes and closes pass unchanged', async () => {
    expect(await rig.get('/a')).toBe('200 hello from /a');
    expect(await rig.send('POST', '/', 'x'.repeat(300_000))).toBe(`200 got ${'x'.repeat(300_000)}`);
    const stream = await rig.openStream();
    const socket = await rig.openSocket();
    stream.write('data: 1\n\n');
    await until(() => stream.text === 'data: 1\n\n');
    await socket.echo('a');
    await until(() => proxy.connections === 2);
    stream.server.response.end('data: 2\n\n');
    await until(() => stream.end);
    expect(stream).toMatchObject({ text: 'data: 1\n\ndata: 2\n\n', end: 'complete' });
    socket.client.close(4001, 'bye');
    expect((await once(socket.server, 'close'))[0]).toBe(4001);
    await until(() => proxy.connections === 0);
  });

  it('the server sees that a client has closed', async () => {
    const stream = await rig.openStream();
    stream.close();
    await until(() => stream.server.closed);
    await until(() => proxy.connections === 0);
  });

  it('a client that does not read holds up the server', async () => {
    const stream = await rig.openStream();
    const raw = connect(proxy.port, '127.0.0.1');
    raw.pause().write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => seen.streams.length === 2);
    const { response } = seen.streams[1]!;
    const block = 'x'.repeat(1024 * 1024);
    let written = 0;
    while (written < 200 && !response.writableNeedDrain) {
      while (written < 200 && response.write(block)) written++;
      written++;
      await rig.passTime();
    }
    expect(written).toBeLessThan(200);
    stream.write('others go on');
    await until(() => stream.text === 'others go on');
    raw.destroy();
    await until(() => seen.streams[1]!.closed);
  });

  it('an end that has finished sending still receives the last bytes of the other', async () => {
    const [accepted, accept] = promise<Socket>();
    await using late = await listenRaw(accept);
    await using between = await createFaultProxy(late);
    const raw = connect({ port: between.port, host: '127.0.0.1', allowHalfOpen: true });
    const socket = await accepted;
    socket.pause().end('you first');
    await once(raw.resume(), 'end');
    between.delay(3_600_000); // so that all that the client does is known before any of it is passed on
    raw.end(Buffer.alloc(50_000));
    await once(raw, 'close');
    await rig.passTime();
    between.delay(0);
    await rig.passTime();
    let length = 0;
    socket.on('data', (chunk) => (length += chunk.length));
    await once(socket.resume(), 'end');
    expect(length).toBe(50_000);
  });

  it('a target that is not there resets the connection, until it is back', async () => {
    await rig.target.close();
    await expect(rig.get()).rejects.toMatchObject({ code: 'ECONNRESET' });
    rig.target = await listen(
      (_, response) => void response.end('back'),
      Number(new URL(rig.target.origin).port),
    );
    expect(await rig.get()).toBe('200 back');
  });

  it('bytes that are not HTTP pass unchanged', async () => {
    const raw = connect(proxy.port, '127.0.0.1');
    raw.write('\x16\x03\x01');
    const [answer] = (await once(raw, 'data')) as [Buffer];
    expect(answer.toString()).toContain('400 Bad Request');
    raw.destroy();
  });

  it('an upgraded connection carries any bytes', async () => {
    const raw = await rig.openRaw();
    raw.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
    raw.write(`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`);
    await once(raw, 'data');
    raw.write(Buffer.from('A\x80mask', 'latin1')); // a fragment that claims to be compressed: refused, if it comes
    const [error] = (await once(seen.sockets[0]!, 'error')) as [Error];
    expect(error.message).toContain('RSV1');
    raw.destroy();
  });
});
