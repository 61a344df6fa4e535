import type { ClientFrame, Hello, ServerFrame } from '../protocol/frames.js';
import type { Readable } from '../reactive/readable.js';
import type { Initial, Replica } from '../replicas/replica.js';
import type { Status } from '../replicas/status.js';
import type { Retry } from '../platform/timing.js';
import type { Transport } from './transport.js';

/** Hears each frame of the server, with its text as it came. */
export type FrameListener = (frame: ServerFrame, text: string) => void;

/** What a connection is made of, and how it behaves. */
export interface ConnectionOptions {
  /** Absolute http(s) URL. */
  readonly url: string;
  /** In the order of preference. With none, nothing is ever opened: what a server renders is detached. */
  readonly transports: readonly Transport[];
  /** Sent with each attempt, where the transport can: a browser's WebSocket cannot. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Gives the token of each attempt. Where the server refuses one, it is asked once more before we give up. A token travels in a
   * frame or in the header `Authorization`, never in a URL.
   */
  readonly auth?: (() => string | Promise<string>) | undefined;
  /** Default: for ever. `manual`: only when `reconnect` is called. */
  readonly retry?: Retry | 'manual' | undefined;
  /** Called once, by `close`. */
  readonly onClose?: (() => void) | undefined;
}

/** One connection to one endpoint, with all of its topics. */
export interface Connection {
  /** The replica of a topic (default: the endpoint's default topic), the same one each time. */
  readonly replica: <T>(topic?: string, initial?: Initial<T>) => Replica<T>;
  readonly status: Readable<Status>;
  /** For tools that show traffic; returns the end of the subscription. It does not make us connect. */
  readonly onFrame: (listener: FrameListener) => () => void;
  /** Connects anew, and at once: after a login, or where `retry` leaves it to the application. */
  readonly reconnect: () => void;
  /** Asks `auth` for a token and tells the live link, before the old one expires. Rejects with what `auth` throws. */
  readonly renew: () => Promise<void>;
  /** Ends it for good; replicas keep their values. */
  readonly close: () => void;
}

/** A connection, as what rides on it beside the topics sees it. */
export interface Carrier extends Connection {
  /** What the server said of itself, on the last link that was open. */
  readonly hello: () => Hello | undefined;
  /** Sends a frame, if a link is open. */
  readonly send: (frame: ClientFrame) => void;
  /** Shows replicas what has arrived. */
  readonly flush: () => void;
  /** Keeps it connected, also without topics, until the function that it returns is called. */
  readonly hold: () => () => void;
}
