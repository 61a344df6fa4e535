import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A proxy for any protocol over TCP, whose connections can be cut. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** The bytes that clients have received. */
  readonly received: number;
  /** Cuts all connections, as a failing network does. */
  cut(): void;
  /** Cuts all connections. Later ones reach another port; undefined: none, they are refused. */
  retarget(target: number | undefined): void;
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  let current: number | undefined = target;
  let received = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (current === undefined) return void client.destroy();
    const upstream = connect(current, '127.0.0.1');
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end).on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    upstream.on('data', (chunk: Buffer) => (received += chunk.length));
    client.pipe(upstream).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get received() {
      return received;
    },
    cut,
    retarget(next) {
      current = next;
      cut();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
