import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { isVeloxError, VeloxError } from '@velox/core/protocol';
import { checkPage } from '../transports/check-page.js';
import type { Guest } from '../hub/entrance.js';
import type { Hub } from '../hub/hub.js';
import { EntitySyncLink, type EntitySyncRules, type SentRow } from '../transports/entity-sync/link.js';
import { credentialsOf, refuse, type Exchange } from '../transports/exchange.js';
import { bearerOf } from '../transports/request-head.js';
import { WebSockets } from '../transports/websocket/websockets.js';
import { loadWsClasses } from '../transports/websocket/ws-classes.js';
import { goingAway, INTERNAL, statusOf } from '../wire/codes.js';
import { checkAttach } from './check-attach.js';
import { nodeExchange } from './node-exchange.js';
import { attachUpgradesTo, type WebServer } from './servers.js';
import { claimUpgrade, takeUpgrade } from './upgrade.js';

/** The ways into a hub for entity-sync clients. All are bound. */
export interface EntitySyncEndpoint {
  /** Serves the WebSockets of a path (default `/ws/entity-sync/`) of a server. No middleware runs. */
  readonly attach: (server: WebServer, path?: string) => void;
  /**
   * Takes an upgrade of a server whose `upgrade` event the application handles itself.
   *
   * @returns a promise of the reason, when the WebSocket is closed
   */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<string>;
}

/** The settings of `entitySync()`. */
export interface EntitySyncOptions<Context = unknown> {
  /** Whether a subscription sends the present row immediately. Default `false`: only later rows, as in the original. */
  readonly initial?: boolean;
  /**
   * Returns the message for a row, which is sent as JSON; undefined sends nothing. Default: the row itself.
   *
   * @example message: ({ entity, id, row }) => ({ key: `${entity}.${id}`, row })
   */
  readonly message?: (row: SentRow) => unknown;
  /** Receives each message without an action. `secret` is the text that the client set last, or `''`. */
  readonly passThrough?: (secret: string, text: string, context: Context) => unknown;
}

export function createEntitySync(hub: Hub, rules: EntitySyncRules): EntitySyncEndpoint {
  const webSockets = new WebSockets(hub);
  const upgrade: EntitySyncEndpoint['upgrade'] = async (request, socket, head) => {
    const response = await claimUpgrade(request, socket, head);
    if (!response) return 'passed on';
    const exchange = nodeExchange(request, response, () => hub.isClosed);
    try {
      const admission = await admit(hub, exchange);
      const taken = takeUpgrade(request);
      if (!taken) return 'closed';
      await loadWsClasses();
      return await webSockets.accept(request, taken, {
        create: (...parts) => new EntitySyncLink(hub, ...parts, { admission, rules }),
      });
    } catch (error) {
      if (!isVeloxError(error)) hub.observer.failure(error);
      const { code, message } = isVeloxError(error) ? error : INTERNAL;
      if (response.headersSent) socket.destroy();
      else exchange.answer(refuse(statusOf(error), code, message), {});
      return code;
    }
  };
  return {
    upgrade,
    attach(server, path = '/ws/entity-sync/') {
      checkAttach(server, path);
      const isTaken = attachUpgradesTo(server, path, (...parts) => void upgrade(...parts));
      if (!isTaken) return;
      const advice = `attach() replaced another endpoint on the path ${path}. Give each a path of its own.`;
      hub.observer.once('two endpoints on one path', path, advice, { path });
    },
  };
}

/**
 * Admits a client like any other of the hub.
 *
 * @throws VeloxError with the reason of the refusal.
 */
async function admit(hub: Hub, exchange: Exchange): Promise<Guest> {
  const { head } = exchange;
  if (head.url.length > hub.serverLimits.url) {
    throw new VeloxError('too-long', 'the URL is longer than limits.url allows. Shorten it.');
  }
  if (hub.isClosed) throw goingAway();
  checkPage(hub, head);
  const credentials = { ...credentialsOf(exchange), token: bearerOf(head) };
  if (hub.admissions.open(credentials) !== undefined) {
    throw new VeloxError('too-many', 'this address opened too many links. Try again later.');
  }
  const admission = await hub.admissions.admit(credentials);
  await hub.entrance.prepare(admission);
  return admission;
}
