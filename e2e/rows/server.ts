import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { state, type Published } from '@velox/server';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import react from '@vitejs/plugin-react';
import vue from '@vitejs/plugin-vue';
import { build, type Rolldown } from 'vite';

export interface Row {
  id: number;
  name: string;
  cpu: number;
}

/** The page of each framework as a browser loads it, by path. */
async function bundle(): Promise<Map<string, string | Uint8Array>> {
  const { output } = (await build({
    configFile: false,
    logLevel: 'error',
    root: import.meta.dirname,
    plugins: [react({ include: /\.[jt]sx$/ }), vue(), svelte({ configFile: false })],
    build: { write: false, chunkSizeWarningLimit: 2_000, target: 'es2022' },
  })) as Rolldown.RolldownOutput;
  return new Map(output.map((each) => [`/${each.fileName}`, 'code' in each ? each.code : each.source]));
}

let bundled: Promise<Map<string, string | Uint8Array>> | undefined;

/** Serves `/?framework=…`, which shows the rows of a state, live. */
export class RowsServer implements AsyncDisposable {
  readonly state: Published<{ rows: Row[] }>;
  readonly #server: Server;

  private constructor(files: Map<string, string | Uint8Array>, count: number) {
    const rows = Array.from({ length: count }, (_, id) => ({ id, name: `row ${id}`, cpu: id / 10 }));
    this.state = state({ rows });
    this.#server = createServer((request, response) => {
      const path = request.url?.split('?')[0] ?? '/';
      if (path === '/sync') return void this.state.handle(request, response);
      const content = files.get(path === '/' ? '/index.html' : path);
      response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/html');
      response.writeHead(content ? 200 : 404).end(content);
    });
  }

  static async start(count: number): Promise<RowsServer> {
    const server = new RowsServer(await (bundled ??= bundle()), count);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.state.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
