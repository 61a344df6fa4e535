import type { Hello, ServerFrame } from '../protocol/frames.js';
import type { Readable } from '../reactive/readable.js';
import type { Initial, Replica } from '../replicas/replica.js';
import type { Status } from '../replicas/status.js';
import type { CredentialsOptions } from './credentials.js';
import type { Retry } from './retry.js';
import type { Attempt, Transport } from './transport.js';

/** Receives each frame of the server, with its text as it came. */
export type FrameListener = (frame: ServerFrame, text: string) => void;

/** The parts of a connection, and how it behaves. */
export interface ConnectionOptions extends CredentialsOptions, Pick<Attempt, 'credentials'> {
  /** Absolute http(s) URL. */
  readonly url: string;
  /** In the order of preference. With none the connection never opens. */
  readonly transports: readonly Transport[];
  /** Default: retry for ever. `manual`: only when `reconnect` is called. */
  readonly retry?: Retry | 'manual' | undefined;
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
   * Asks `auth` for a token and sends it over the live link, before the old one expires. Rejects with what `auth` throws.
   *
   * @throws VeloxError `no-auth` if the connection has no `auth`.
   */
  readonly renew: () => Promise<void>;
  /** Ends it for good; replicas keep their values. */
  readonly close: () => void;
}

/** A connection as events see it, which travel beside the topics. */
export interface Carrier extends Connection {
  /** The server's hello on the last open link. */
  readonly hello: () => Hello | undefined;
  /** Sends a frame, as JSON text, if a link is open. */
  readonly send: (text: string) => void;
  /** Publishes the received changes. */
  readonly flush: () => void;
  /** Keeps it connected, also without topics, until the function that it returns is called. */
  readonly hold: () => () => void;
}
