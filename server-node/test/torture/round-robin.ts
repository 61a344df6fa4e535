import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A proxy that gives each connection to the next server: a load balancer without sticky sessions. */
export class RoundRobin implements AsyncDisposable {
  /** The ports of the living servers. */
  ports: readonly number[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #count = 0;

  private constructor() {
    this.#server = createServer((near) => this.#pass(near));
  }

  static async start(): Promise<RoundRobin> {
    const proxy = new RoundRobin();
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts a part of the connections, so that their clients come back to other servers. */
  cut(part: number): void {
    for (const socket of this.#sockets) if (Math.random() < part) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut(1);
    await once(this.#server, 'close');
  }

  #pass(near: Socket): void {
    const port = this.ports[this.#count++ % this.ports.length];
    if (port === undefined) return void near.destroy();
    const far = connect(port, '127.0.0.1');
    this.#sockets.add(near);
    near.pipe(far).pipe(near);
    const end = (): void => {
      this.#sockets.delete(near);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
  }
}
