import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHub, fetched, type Entity, type Hub } from '@velox/server';
import react from '@vitejs/plugin-react';
import { build, type Rolldown } from 'vite';

export interface User {
  name: string;
}

/** Serves a page with an order whose fetch brings a user along. */
export class RelatedServer implements AsyncDisposable {
  readonly hub: Hub;
  readonly users: Entity<User>;
  /** How often a user was fetched. */
  userFetches = 0;
  readonly #server: Server;

  private constructor(files: ReadonlyMap<string, string | Uint8Array>) {
    this.hub = createHub();
    this.users = this.hub.entity('users', {
      fetch: (): User => {
        this.userFetches++;
        return { name: 'fetched' };
      },
    });
    this.hub.entity('orders', {
      fetch: () =>
        fetched({ product: 'Lamp', user: 7 }, { related: { 'users/7': { name: 'Ada' } satisfies User } }),
    });
    this.#server = createServer((request, response) => {
      const path = request.url?.split('?')[0] ?? '/';
      if (path === '/sync') return void this.hub.handle(request, response);
      const content = files.get(path === '/' ? '/index.html' : path);
      response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/html');
      response.writeHead(content ? 200 : 404).end(content);
    });
  }

  static async start(): Promise<RelatedServer> {
    const { output } = (await build({
      configFile: false,
      logLevel: 'error',
      root: import.meta.dirname,
      plugins: [react({ include: /\.[jt]sx$/ })],
      build: { write: false, target: 'es2022' },
    })) as Rolldown.RolldownOutput;
    const files = output.map(
      (each) => [`/${each.fileName}`, 'code' in each ? each.code : each.source] as const,
    );
    const server = new RelatedServer(new Map(files));
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
