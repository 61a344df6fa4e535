import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isVeloxError } from '@velox/core/protocol';
import { refuse, route, type Answer } from './answer.js';
import type { Hub } from './hub.js';
import { headerOf, type RequestHead } from './negotiate.js';
import { serveFetch } from './transports/fetch.js';
import { serveSse } from './transports/sse.js';
import { acceptWebSocket } from './transports/websocket.js';
import { adopt, adoptServerOf, begin, takeUpgrade, watchServers, type WebServer } from './upgrade.js';

/** The ways into an endpoint; all are bound, so that each may be passed on alone. */
export interface Endpoint {
  /**
   * A handler for node:http, Express, Connect and Fastify (raw), WebSocket included with no further line. What is not meant for
   * Velox goes to `next`, or without it gets a coded 404.
   *
   * @returns a promise of the reason, when the exchange is over. It does not reject for what a peer or the network does.
   */
  readonly handle: (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ) => Promise<string>;
  /** Takes an upgrade of a server whose `upgrade` event is the application's own; no middleware runs. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<string>;
  /** Serves `path` (default `/sync`) of a server, before its other listeners. */
  readonly attach: (server: WebServer, path?: string) => void;
  /** Serves event streams and JSON to web-standard servers: Hono, Next.js route handlers, Bun, Deno. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Ends all sessions with a goodbye and refuses new ones; clients come back, as usual, to whoever listens then. */
  readonly close: () => void;
}

/** Puts the transports in front of a hub. */
export function createEndpoint(hub: Hub): Endpoint {
  watchServers();

  const handle: Endpoint['handle'] = async (request, response, next) => {
    const found = isElsewhere(request) ? FOREIGN : await route(hub, headOf(request), request);
    for (const [name, value] of Object.entries(found.cors)) response.setHeader(name, value);
    switch (found.kind) {
      case 'foreign':
        if (!next) return answer(response, refuse(404, 'not-found', 'There is nothing here.'));
        next();
        return 'passed on';
      case 'answer':
        return answer(response, found);
      case 'sse':
        return serveSse(hub, response, found.admission, found.subscription);
      case 'websocket': {
        const upgrade = takeUpgrade(request);
        if (upgrade) return acceptWebSocket(hub, request, upgrade.socket, upgrade.head);
        // This connection is older than our listener: the next one will be taken. Left to run as a plain request, a
        // WebSocket would meet the server's requestTimeout.
        adoptServerOf(request.socket);
        return answer(
          response,
          refuse(503, 'upgrade-unavailable', 'Try again at once.', {
            'retry-after': '0',
            connection: 'close',
          }),
        );
      }
    }
  };

  // Whatever goes wrong in serving one peer harms nobody else.
  const guarded: Endpoint['handle'] = async (request, response, next) => {
    try {
      return await handle(request, response, next);
    } catch (error) {
      if (isVeloxError(error) && !response.headersSent) {
        return answer(response, refuse(error.code === 'too-many' ? 429 : 503, error.code, error.message));
      }
      hub.observer.failure(error);
      response.destroy();
      return 'failed';
    }
  };

  return {
    handle: guarded,
    upgrade: (request, socket, head) => guarded(request, begin(request, socket, head)),
    attach(server, path = '/sync') {
      adopt(server);
      const others = server.listeners('request') as ((...args: unknown[]) => void)[];
      server.removeAllListeners('request');
      server.on('request', (request, response) => {
        if (request.url?.split('?')[0] === path) void guarded(request, response);
        else for (const other of others) other.call(server, request, response);
      });
    },
    fetch: (request) => serveFetch(hub, request),
    close: () => hub.close(),
  };
}

const FOREIGN = { kind: 'foreign', cors: {} } as const;

function headOf(request: IncomingMessage): RequestHead {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    header: (name) => headerOf(request, name),
  };
}

/** Whether Express or Connect brought a request for a path below the one that we are mounted on. */
function isElsewhere(request: IncomingMessage & { baseUrl?: string }): boolean {
  return !!request.baseUrl && (request.url ?? '/').split('?')[0] !== '/';
}

function answer(response: ServerResponse, { status, headers, body, outcome }: Answer): string {
  response.writeHead(status, headers);
  response.end(body);
  return outcome;
}
