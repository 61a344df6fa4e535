import type { Hello, ServerFrame } from '../protocol/frames.js';
import type { Readable } from '../reactive/readable.js';
import type { Initial, Replica } from '../replicas/replica.js';
import type { Status } from '../replicas/status.js';
import type { CredentialsOptions } from './credentials.js';
import type { Retry } from './retry.js';
import type { Attempt, Transport } from './transport.js';

/** Receives each frame of the server, with its text as it came. */
export type FrameListener = (frame: ServerFrame, text: string) => void;

/**
 * Why an event was given up.
 *
 * | code | meaning |
 * | --- | --- |
 * | `overflow` | too many events waited |
 * | `expired` | the connection had no link for too long |
 * | `refused` | a new server does not take an event of that size or depth |
 * | `closed` | the connection was closed |
 * | `unknown-outcome` | it was written and never acknowledged, so it may have arrived |
 */
export type DropCode = 'overflow' | 'expired' | 'refused' | 'closed' | 'unknown-outcome';

/** The events that wait for the server. */
export interface EventOptions {
  /** The most events that wait, and the most that are under way; default 1,000. Beyond it, the oldest of the longest channel is dropped. */
  readonly count?: number | undefined;
  /** How long an event is kept without a link, in ms; default 15,000. */
  readonly age?: number | undefined;
  /** Called when events are given up, with how many. */
  readonly onDrop?: ((code: DropCode, count: number) => void) | undefined;
}

/** The parts of a connection, and how it behaves. */
export interface ConnectionOptions extends CredentialsOptions, Pick<Attempt, 'credentials'> {
  /** Absolute http(s) URL. */
  readonly url: string;
  /** In the order of preference. With none the connection never opens. */
  readonly transports: readonly Transport[];
  /** Default: retry for ever. `manual`: only when `reconnect` is called. */
  readonly retry?: Retry | 'manual' | undefined;
  /** The events that wait for the server. */
  readonly events?: EventOptions | undefined;
  /** Called once, by `close`. */
  readonly onClose?: (() => void) | undefined;
}

/** One connection to one endpoint, with all of its topics. */
export interface Connection {
  /** The replica of a topic (default: the endpoint's default topic), the same one while it is in use. */
  readonly replica: <T>(topic?: string, initial?: Initial<T>) => Replica<T>;
  readonly status: Readable<Status>;
  /** For tools that show traffic; returns the end of the subscription. It does not make us connect. */
  readonly onFrame: (listener: FrameListener) => () => void;
  /** Connects again immediately: after a login, or if `retry` leaves it to the application. */
  readonly reconnect: () => void;
  /**
   * Asks `auth` for a token and sends it over the live link, before the old one expires. If calls overlap, the token of
   * the last one applies. Rejects with what `auth` throws.
   *
   * @throws VeloxError `no-auth` if the connection has no `auth`.
   */
  readonly renew: () => Promise<void>;
  /** Ends it for good; replicas keep their values. */
  readonly close: () => void;
}

/** A connection with the members that events need. Applications do not see these. */
export interface EventConnection extends Connection {
  /** The server's hello on the last open link. */
  readonly hello: () => Hello | undefined;
  /** The option of that name. */
  readonly events: EventOptions | undefined;
  /** Sends a frame, as JSON text, if a link is open. */
  readonly send: (text: string) => void;
  /** Publishes the received changes. */
  readonly flush: () => void;
  /** Keeps it connected, also without topics, until the returned function is called. */
  readonly hold: () => () => void;
}
