import { LONGEST_TIMER_MS, type ContractValue, type Limits } from '@velox/core/protocol';
import type { AddressLimits } from '../access/addresses.js';
import type { Backplane } from '../cluster/bus.js';
import type { EventLimits } from '../sessions/event-limits.js';
import type { Rules } from '../access/admission.js';
import type { NameRules } from './entrance.js';
import type { MessagingRules } from '../messaging/messaging.js';
import type { Session } from '../messaging/typed.js';
import type { Logger } from '../diagnostics/observer.js';
import type { Origins } from '../access/origin.js';

/** How a hub is set up. */
export interface HubOptions<Context = unknown, S = Session<Context>>
  extends Rules<Context>, NameRules<Context>, MessagingRules<Context, S> {
  /** The contract as a value, by `defineContract`: every event, call and reply of a client is checked before a handler sees it. */
  readonly contract?: ContractValue;
  /** The longest silence of the server, in ms; default 15,000, in Bun 8,000. Infinity or 0: without limit. */
  readonly heartbeat?: number;
  /** How long a session without a link can be resumed, in ms; default 30,000. */
  readonly patience?: number;
  /**
   * Compresses topics once for all clients that offer it: permessage-deflate, and gzip for event streams. Default `true`: not for
   * `fetch`, since some hosts (Next.js) remove `content-encoding` from its answers. `'all'`: for `fetch` as well. `false`: nothing.
   * See SECURITY.md for when not to.
   */
  readonly compression?: boolean | 'all';
  /** Default: {@link DEFAULT_LIMITS}. `hello` announces those that concern clients. Infinity: no limit. */
  readonly limits?: Partial<HubLimits>;
  /**
   * How many proxies stand in front of the server, each of which appends the address of its peer to `X-Forwarded-For`; 0: none. Limits per
   * address need it behind a proxy. Default: the header is not read, and addresses of your own network have no limits, because they may
   * be those of a proxy.
   */
  readonly trustProxy?: number;
  /** The events that are kept for a client; default: 1,000 and 1 MiB, beyond which the oldest are dropped. */
  readonly events?: Partial<EventLimits>;
  /** Origins that may open a WebSocket and read across origins, beside the endpoint's own host; default none. */
  readonly origins?: Origins;
  /**
   * Whether clients of version 2 of the protocol (the original velox.js and its Go client) are served. Default: over event streams,
   * which ask for `text/event-stream` without `velox=3`. `true`: over WebSockets without `velox=3` as well, if no other listener takes
   * the server's upgrades. `false`: such requests are refused.
   */
  readonly version2?: boolean;
  /** The link to the hubs of other processes: see docs/scaling.md. Default: nothing. The hub leaves it open: close it after the hub. */
  readonly backplane?: Backplane;
  /** Receives log entries. Default: silence, except for errors of callbacks, which are warnings of the
   * process. */
  readonly logger?: Logger;
}

/** Limits that clients need not know. */
export interface ServerLimits extends AddressLimits {
  /** The most rows of one entity; beyond it the longest unwatched row is forgotten. Default 100,000. */
  readonly entities: number;
  /** The most audiences of one topic; beyond it the longest unwanted one is forgotten, or a new one is denied. Default 1,000. */
  readonly audiences: number;
  /**
   * The most links and values that one address may open per second, and five times as many at once; default 20. IPv6: per /64. Beyond
   * it 429, or close code 4429. Addresses of your own network count only with `trustProxy`. With a backplane, an address may send as many
   * requests for sessions of other servers that are not there.
   */
  readonly opensPerAddress: number;
  /** The most sessions of one address; default Infinity. Addresses of your own network count only with `trustProxy`. */
  readonly sessionsPerAddress: number;
  /** The longest path and query, in characters; default 8,192. Beyond it 414, before anything is parsed. */
  readonly url: number;
  /** The most bytes of JSON that the sessions of one member show in a room. Default 4,096. */
  readonly presence: number;
}

/** The limits of a hub: those that `hello` announces, and those of the server alone. */
export type HubLimits = Required<Limits> & ServerLimits;

/** The limits of a hub that sets none. */
export const DEFAULT_LIMITS: Required<Omit<Limits, 'idle'>> = {
  frame: 1 << 20,
  depth: 500,
  rate: 1_000,
  topic: 1_000,
  subscriptions: 1_000,
  sessionsPerIdentity: 100,
  sessions: 100_000,
  patch: 1 << 20,
  handshake: 10_000,
  rooms: 100,
  calls: 100,
};

const SERVER_LIMITS: ServerLimits = {
  entities: 100_000,
  audiences: 1_000,
  opensPerAddress: 20,
  sessionsPerAddress: Infinity,
  url: 8_192,
  presence: 4 * 1024,
};

/** Stands for Infinity, which JSON does not have. */
export const MOST: number = LONGEST_TIMER_MS;

/** The limits that `hello` announces: each as given, at most {@link MOST}, or its default. `idle` has none. */
export function limitsOf(given: HubOptions['limits'] = {}): Limits {
  const names = Object.keys(DEFAULT_LIMITS) as (keyof typeof DEFAULT_LIMITS)[];
  const limits = names.map((name) => [name, Math.min(given[name] ?? DEFAULT_LIMITS[name], MOST)]);
  const { idle = Infinity } = given;
  return { ...Object.fromEntries(limits), ...(idle < MOST && { idle }) } as Limits;
}

/** The limits that `hello` does not announce: each as given, or its default. */
export function serverLimitsOf(given: HubOptions['limits'] = {}): ServerLimits {
  const names = Object.keys(SERVER_LIMITS) as (keyof ServerLimits)[];
  return Object.fromEntries(names.map((name) => [name, given[name] ?? SERVER_LIMITS[name]])) as never;
}
