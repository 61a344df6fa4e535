import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { VeloxError } from '@velox/core';
import { createHub, type Hub, type State } from '@velox/server';
import { build, type Rolldown } from 'vite';

const PAGE = '<!doctype html><meta charset="utf-8"><title>client</title><link rel="icon" href="data:,">';

export interface Counter {
  count: number;
  /** Makes a snapshot longer than the missed deltas. */
  rest: string;
}

/** The client as a browser loads it, with the files that load on need, by path. */
async function bundle(): Promise<Map<string, string>> {
  const { output } = (await build({
    configFile: false,
    logLevel: 'error',
    base: '/assets/',
    plugins: [
      {
        name: 'entry',
        enforce: 'pre',
        resolveId: (id) => (id === 'virtual:entry' ? '\0entry' : null),
        load: (id) => (id === '\0entry' ? `export * from '@velox/core'` : null),
      },
    ],
    build: {
      write: false,
      rolldownOptions: {
        input: { client: 'virtual:entry' },
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js', chunkFileNames: '[name].js' },
      },
    },
  })) as Rolldown.RolldownOutput;
  return new Map(output.flatMap((each) => (each.type === 'chunk' ? [[`/${each.fileName}`, each.code]] : [])));
}

let bundled: Promise<Map<string, string>> | undefined;

/** Code in front of the server. Returns whether it has answered. */
type Middleware = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Serves empty pages, the client as `/client.js`, and a counter at `/sync`. */
export class Fixture implements AsyncDisposable {
  readonly hub: Hub;
  readonly state: State<Counter>;
  /** Tokens that are taken; undefined: everybody is let in. */
  tokens: readonly string[] | undefined;
  /** What clients said under the name `chat`. */
  readonly heard: unknown[] = [];
  /** How many connections were ever accepted. */
  accepted = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(files: Map<string, string>, middleware: Middleware) {
    this.hub = createHub({
      authorize: ({ token }) => {
        if (this.tokens && !this.tokens.includes(token ?? '')) {
          throw new VeloxError('unauthorized', 'an old token.');
        }
      },
    });
    this.state = this.hub.state('', { count: 0, rest: 'x'.repeat(10_000) });
    this.hub.on('chat', (_, data) => this.heard.push(data));
    this.#server = createServer((request, response) => {
      if (middleware(request, response)) return;
      const path = request.url?.split('?')[0] ?? '';
      if (path === '/sync') return void this.hub.handle(request, response);
      const code = files.get(path);
      response.setHeader('content-type', code ? 'text/javascript' : 'text/html');
      response.end(code ?? PAGE);
    });
    this.#server.on('connection', (socket: Socket) => {
      this.accepted++;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /**
   * @param scripts further scripts, by path
   * @param middleware runs before each request is served, WebSockets included
   */
  static async start(
    scripts: Readonly<Record<string, string>> = {},
    middleware: Middleware = () => false,
  ): Promise<Fixture> {
    const files = new Map([...(await (bundled ??= bundle())), ...Object.entries(scripts)]);
    const fixture = new Fixture(files, middleware);
    fixture.#server.listen(0, '127.0.0.1');
    await once(fixture.#server, 'listening');
    return fixture;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  bump(): void {
    this.state.update((draft) => void draft.count++);
  }

  /** Destroys all sockets, without a close frame. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub.close();
    this.#server.close();
    this.cut();
  }
}
