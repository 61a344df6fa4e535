import type { WebSocketClass } from '@velox/core';
import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Endpoint } from '../http/endpoint.js';
import { wsClasses } from '../transports/websocket/ws-classes.js';
import { createFetch } from './memory-fetch.js';
import { Path, type Purpose } from './memory-path.js';
import { dial } from './memory-socket.js';
import { createZone, type VirtualTime, type Zone } from './virtual-time.js';

/**
 * A network in memory, on virtual time: `ws` and node:http at both ends are the real ones; only the sockets below are made here. Each
 * client has a host name of its own, by which the server is reached over that client's path. Call `loadWsClasses` before.
 */
export class MemoryNetwork {
  readonly time: VirtualTime;
  readonly server: Zone = createZone('server');
  /** The WebSocket class of all clients. */
  readonly WebSocket: WebSocketClass;
  readonly #paths = new Map<string, Path>();
  /** Paths of URLs that are not of a `.test` host, by origin and pathname. */
  readonly #aliases = new Map<string, Path>();
  #servers: Server[] = [];
  #dialled = 0;

  constructor(time: VirtualTime) {
    this.time = time;
    const connect = (url: string): Duplex => this.#dial(this.#pathTo(url) as Path, 'websocket');
    this.WebSocket = class extends wsClasses().WebSocket {
      constructor(url: string) {
        super(url, { createConnection: () => connect(url), perMessageDeflate: false });
      }
    };
  }

  /**
   * The endpoint that new connections reach; undefined: none. Existing connections stay. Several endpoints get connections in turn, as
   * behind a load balancer without sticky sessions.
   */
  serve(...endpoints: (Endpoint | undefined)[]): void {
    this.#servers = endpoints.flatMap((endpoint) => {
      if (!endpoint) return [];
      const server = createServer();
      endpoint.attach(server);
      return [server];
    });
  }

  /** The path of a client. Its URL of the endpoint is {@link urlOf} of the same name. */
  path(name: string): Path {
    const known = this.#paths.get(name);
    if (known) return known;
    const path = new Path(this.time, name);
    this.#paths.set(name, path);
    return path;
  }

  /** All connections break. */
  cut(): void {
    for (const path of this.#paths.values()) path.cut();
  }

  /**
   * Destroys all connections and each new one. node:http keeps both ends of a connection in memory until it is closed, and with them
   * the hub and its clients.
   */
  end(): void {
    for (const path of [...this.#paths.values(), ...this.#aliases.values()]) path.end();
  }

  /** Until when each zone is frozen, in virtual ms. */
  get frozenUntil(): number {
    const zones = [this.server, ...[...this.#paths.values()].map(({ zone }) => zone)];
    return Math.max(...zones.map(({ frozenUntil }) => frozenUntil));
  }

  /** Resets all paths. Half-open connections and frozen zones stay as they are. */
  heal(): void {
    for (const path of this.#paths.values()) path.heal();
  }

  /** Serves a URL of any host over the path of a client. */
  alias(url: string, name: string): void {
    this.#aliases.set(placeOf(url), this.path(name));
  }

  urlOf(name: string): string {
    return `http://${name}.test/sync`;
  }

  /**
   * Replaces the global `fetch`, which still gets the requests to other hosts. Returns the function that
   * restores it.
   */
  install(): () => void {
    const elsewhere = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      const path = this.#pathTo(input as string);
      return path
        ? createFetch(path, (purpose) => this.#dial(path, purpose))(input, init)
        : elsewhere(input, init);
    };
    const hadWebSocket = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
    if (this.#aliases.size > 0) {
      Object.defineProperty(globalThis, 'WebSocket', {
        value: this.WebSocket,
        configurable: true,
        writable: true,
      });
    }
    return () => {
      globalThis.fetch = elsewhere;
      if (hadWebSocket) Object.defineProperty(globalThis, 'WebSocket', hadWebSocket);
      else Reflect.deleteProperty(globalThis, 'WebSocket');
    };
  }

  #pathTo(url: string): Path | undefined {
    const [, name] = /^\w+:\/\/([^/]+)\.test\//.exec(url) ?? [];
    return name === undefined ? this.#aliases.get(placeOf(url)) : this.#paths.get(name);
  }

  #dial(path: Path, purpose: Purpose): Duplex {
    const isRefused = path.refused.includes(purpose);
    return dial(path, this.server, (far) => {
      const server = this.#servers[this.#dialled++ % this.#servers.length];
      if (isRefused || !server) far.destroy();
      else server.emit('connection', far);
    });
  }
}

/** Host and pathname: the same for `http` and `ws`, with every query. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname;
}
