import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A real server on a free port of this machine, closed with all its connections by `await using` or `close()`. */
export interface Listening extends AsyncDisposable {
  readonly server: Server;
  /** `http://127.0.0.1:port`, without a path. */
  readonly origin: string;
  /** Cuts all connections, as a failing network does. */
  cut(): void;
  close(): Promise<void>;
}

export async function listen(listener: RequestListener, port = 0): Promise<Listening> {
  const server = createServer(listener).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    if (!server.listening) return void socket.destroy(); // it was on its way when we closed
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    cut(); // upgraded sockets are not the server's any more
    await closed;
  };
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, origin, cut, close, [Symbol.asyncDispose]: close };
}
