import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkArgument, option } from '@velox/core/protocol';
import type { Credentials } from '../access/admission.js';
import type { Hub } from '../hub/hub.js';
import type { Session } from '../sessions/session.js';
import { EventSourceOutlet } from '../transports/event-source/outlet.js';
import { serveEventSource, type EventSources } from '../transports/event-source/serve-event-source.js';
import { FAILED, refuse, type Exchange } from '../transports/exchange.js';
import { fetchExchange } from './fetch-exchange.js';
import { nodeExchange } from './node-exchange.js';
import { whenTurn } from './turn.js';

/** The settings of plain event streams. */
export interface SseOptions<Context = unknown> {
  /** How long a client waits before it reconnects, in ms. Default 3,000. */
  readonly retry?: number;
  /** Further headers of the answer. They replace those of Velox, except `content-type`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether data that is a string is sent as it is, over several lines, and not as JSON. Default `false`. */
  readonly text?: boolean;
  /** The public name of a session, in place of the hub's option `name`. */
  readonly name?: (context: Context, credentials: Credentials) => string | undefined;
}

/** The ways into a hub for a plain EventSource. All are bound. */
export interface SseEndpoint<Recipient = never> {
  /** A handler for node:http, Express, Connect and Fastify (raw). Requests other than GET go to `next`, or get a 405. */
  readonly handle: (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ) => Promise<string>;
  /** The same for web-standard servers. */
  readonly fetch: (request: Request) => Promise<Response>;
  /**
   * Sets how long clients wait before they reconnect, in ms: these recipients, or all connected and later ones.
   *
   * @throws VeloxError `bad-option` for a delay that is no time.
   */
  readonly retry: (ms: number, who?: Recipient) => void;
  /** How many streams are open. */
  readonly size: number;
}

/** @param sessionsOf returns the sessions of recipients */
export function createEventSource<Recipient>(
  hub: Hub,
  { retry = 3_000, headers = {}, text = false, name }: SseOptions,
  sessionsOf: (who: Recipient) => readonly Session[],
): SseEndpoint<Recipient> {
  let forAll = retry;
  const ofSession = new WeakMap<Session, number>();
  const sources: EventSources = {
    isText: text,
    headers: { ...lowerCased(headers), 'content-type': 'text/event-stream' },
    name,
    retryOf: (session) => (session && ofSession.get(session)) ?? forAll,
    open: new Set(),
  };
  const serve = async (exchange: Exchange, next?: () => void): Promise<string> => {
    try {
      const served = await serveEventSource(hub, exchange, sources);
      if (served) return await served.outcome;
      if (next) return (next(), 'passed on');
      exchange.answer(METHOD, {});
      return METHOD.outcome;
    } catch (error) {
      hub.observer.failure(error);
      exchange.answer(FAILED, {});
      return 'failed';
    }
  };
  return {
    async handle(request, response, next) {
      if ((await whenTurn(request, response)) === false) return 'closed';
      const exchange = nodeExchange(request, response, () => hub.isClosed);
      return serve(exchange, next).catch(() => {
        response.destroy(); // not even a refusal can be written
        return 'failed';
      });
    },
    fetch(request) {
      const exchange = fetchExchange(request, false);
      void serve(exchange);
      return exchange.response;
    },
    retry(ms, who) {
      checkArgument('retry() of hub.sse()', 'a delay', ms, option.finite);
      if (who === undefined) {
        forAll = ms;
        for (const outlet of sources.open) outlet.setRetry(ms);
        return;
      }
      for (const session of sessionsOf(who)) {
        ofSession.set(session, ms);
        if (session.outlet instanceof EventSourceOutlet) session.outlet.setRetry(ms);
      }
    },
    get size() {
      return sources.open.size;
    },
  };
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const METHOD = refuse(405, 'bad-method', 'Event streams are served to GET requests.', { allow: 'GET' });
