import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { FAILED, NOTHING, refuse, type Answer } from '../transports/exchange.js';
import { checkAttach } from './check-attach.js';
import { fetchExchange } from './fetch-exchange.js';
import type { Hub } from '../hub/hub.js';
import type { Connections } from './connections.js';
import type { Elsewhere } from './elsewhere.js';
import { nodeExchange } from './node-exchange.js';
import { whenTurn } from './turn.js';
import { hidesAnother, register } from './same-path.js';
import { serve, type Remainder, type Served } from './serve.js';
import { targetOf } from '../transports/request-head.js';
import { serverOf } from '../transports/socket/internals.js';
import { CLOSE_MS } from '../wire/outlet.js';
import { WebSockets, type Acceptance, type Handshake } from '../transports/websocket/websockets.js';
import { loadWsClasses } from '../transports/websocket/ws-classes.js';
import { attachTo, connectionsOf, interceptServerOf, watchServers, type WebServer } from './servers.js';
import { claimUpgrade, takeUnversioned, takeUpgrade } from './upgrade.js';

/** The ways into an endpoint; all are bound, so that each may be passed on alone. */
export interface Endpoint {
  /**
   * A handler for node:http, Express, Connect and Fastify (raw), WebSocket included with no further line. A
   * request that is not meant for Velox goes to `next`, or without it gets a coded 404.
   *
   * @returns a promise of the reason, when the exchange is over. It does not reject for an error of a peer or the
   * network.
   */
  readonly handle: (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ) => Promise<string>;
  /**
   * Takes an upgrade of a server whose `upgrade` event the application handles itself; no middleware runs. Call it within that event, or
   * at most 10 s later. Then the upgrade is passed on as a request meanwhile, and `handle` takes it if that serves the path as well.
   */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<string>;
  /** Serves `path` (default `/sync`) of a server, before its other listeners. Throws VeloxError `bad-option`. */
  readonly attach: (server: WebServer, path?: string) => void;
  /** Serves event streams and JSON to web-standard servers: Hono, Next.js route handlers, Bun, Deno. */
  readonly fetch: (request: Request) => Promise<Response>;
  /**
   * Ends all sessions with a goodbye and refuses new ones; clients keep their values, and reconnect to the next server at this
   * address. `drain` spreads their return evenly over so many ms; default 0: immediately, with the usual jitter. Resolves when
   * all links have ended, or after 5 s. A backplane that does not answer delays it by 2 s.
   */
  readonly close: (options?: { readonly drain?: number }) => Promise<void>;
}

/**
 * Puts the transports in front of a hub.
 *
 * @param elsewhere the other nodes of its cluster
 */
export function createEndpoint(hub: Hub, elsewhere?: Elsewhere): Endpoint {
  watchServers();
  if (hub.version2 === true) takeUnversioned();
  const webSockets = new WebSockets(hub);
  const servers = new Set<Connections>();
  const underWay = new Set<ServerResponse>();

  const openWebSocket = async (
    request: IncomingMessage,
    handshake: Handshake,
    acceptance: Acceptance,
  ): Promise<Served> => {
    try {
      const loading = loadWsClasses();
      if (loading) await loading;
      return { outcome: webSockets.accept(request, handshake, acceptance) };
    } catch (error) {
      handshake.socket.destroy(); // no response holds it any more
      throw error;
    }
  };

  const serveRequest = async (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ): Promise<Served> => {
    const connections = connectionsOf(serverOf(request.socket));
    if (connections) {
      servers.add(connections);
      const session = (request as { stream?: Http2Stream }).stream?.session;
      if (session) connections.addSession(session); // it may have begun before we saw its server
    }
    if (next && !isChecked) checkPath(request);
    const turn = whenTurn(request, response);
    if (turn && !(await turn)) return { outcome: 'closed' };
    const exchange = nodeExchange(request, response, () => hub.isClosed, hub.limits.frame);
    const served = isElsewhere(request) ? FOREIGN : await serve(hub, exchange, elsewhere);
    if ('outcome' in served) return served;
    const answer = (content: Answer): Served => {
      exchange.answer(content, {});
      return content;
    };
    if (served.left === 'foreign') {
      if (!next) return answer(served.refusal ?? NOTHING);
      next();
      return { outcome: 'passed on' };
    }
    const upgrade = takeUpgrade(request);
    if (upgrade) {
      underWay.delete(response);
      return openWebSocket(request, upgrade, served);
    }
    // If it remained a plain request, the server's requestTimeout would end the WebSocket.
    if (process.versions.bun) {
      const advice =
        'under Bun, handle() cannot open WebSockets, and clients use event streams. Call attach(server, path).';
      hub.observer.once('no upgrade under Bun', '', advice, {});
      return answer(UNDER_BUN);
    }
    return answer(interceptServerOf(request) ? TOO_EARLY : UNTAKEABLE);
  };

  // An error in serving one peer affects no other peer.
  const safely = (...[request, response, next]: Parameters<typeof serveRequest>): Promise<Served> => {
    return serveRequest(request, response, next).catch((error: unknown) => {
      hub.observer.failure(error);
      try {
        if (response.headersSent) response.destroy();
        else nodeExchange(request, response).answer(FAILED, {});
      } catch {
        response.destroy(); // not even a refusal can be written
      }
      return { outcome: 'failed' };
    });
  };

  let isChecked = false;
  const checkPath = (request: IncomingMessage): void => {
    isChecked = true;
    if (!hidesAnother(request, guarded)) return;
    const advice =
      'two endpoints are mounted on one path by app.use(), and the second one is never reached. Give it a path of its own, or serve both as topics of one hub.';
    hub.observer.once('two endpoints on one path', '', advice, {});
  };

  // No async function: it would keep the request of a WebSocket in memory until that ends.
  const guarded: Endpoint['handle'] = (request, response, next) => {
    underWay.add(response);
    return safely(request, response, next).then(({ outcome }) => {
      if (typeof outcome !== 'string' && underWay.has(response)) {
        return outcome.finally(() => underWay.delete(response));
      }
      underWay.delete(response);
      return outcome;
    });
  };

  register(guarded);
  return {
    handle: guarded,
    async upgrade(request, socket, head) {
      const response = await claimUpgrade(request, socket, head);
      return response ? guarded(request, response) : 'passed on';
    },
    attach(server, path = '/sync') {
      checkAttach(server, path);
      const isTaken = attachTo(server, path, (request, response) => void guarded(request, response));
      if (!isTaken) return;
      const advice = `attach() replaced another endpoint on the path ${path}. Give each a path of its own, or serve both as topics of one hub.`;
      hub.observer.once('two endpoints on one path', path, advice, { path });
    },
    fetch(request) {
      const exchange = fetchExchange(request, hub.compressesFetch);
      serve(hub, exchange, elsewhere).then(
        (served) => {
          if (!('left' in served)) return;
          const upgrade = refuse(501, 'upgrade-unavailable', 'fetch(request) cannot open WebSockets.');
          exchange.answer(served.left === 'foreign' ? (served.refusal ?? NOTHING) : upgrade, {});
        },
        (error: unknown) => {
          hub.observer.failure(error);
          exchange.answer(FAILED, {});
        },
      );
      return exchange.response;
    },
    async close({ drain } = {}) {
      for (const server of servers) server.end(false);
      setTimeout(() => underWay.forEach((response) => response.destroy()), CLOSE_MS).unref(); // a body that stalls, for example
      await Promise.all([hub.close(drain), webSockets.close()]);
      await elsewhere?.close(); // polls at other nodes have got their goodbye
    },
  };
}

const FOREIGN: Remainder = { left: 'foreign' };

/** The server had no upgrade listener when this handshake came. It takes the next one. */
const TOO_EARLY = refuse(503, 'upgrade-unavailable', 'Try again immediately.', {
  'retry-after': '0',
  connection: 'close',
});

const UNDER_BUN = refuse(
  501,
  'upgrade-unavailable',
  'Under Bun, handle() cannot open WebSockets. Call attach(server, path), or upgrade() in the upgrade event.',
);

const UNTAKEABLE = refuse(
  501,
  'upgrade-unavailable',
  'A WebSocket came as a plain request. Let the proxy in front pass `Connection: Upgrade` on, or hand upgrades to `upgrade()`.',
);

/**
 * Whether Express brought a request for a path below the one that we are mounted on by `use`. A route (`router.all('/sync')`) has
 * matched the whole path. Connect does not say where we are mounted: there, paths below are served as well.
 */
function isElsewhere(request: IncomingMessage & { baseUrl?: string; route?: unknown }): boolean {
  return !!request.baseUrl && !request.route && targetOf(request).split('?')[0] !== '/';
}
