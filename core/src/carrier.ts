import type { ClientFrame, ServerFrame } from './protocol.js';
import type { Readable } from './readable.js';
import type { Initial, Replica } from './replica.js';
import type { Status } from './status.js';

/** Hears each frame of the server, with its text as it came. */
export type FrameListener = (frame: ServerFrame, text: string) => void;

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
  /** Sends a frame, if a link is open. */
  readonly send: (frame: ClientFrame) => void;
  /** Shows replicas what has arrived. */
  readonly flush: () => void;
  /** Keeps it connected, also without topics, until the function that it returns is called. */
  readonly hold: () => () => void;
}
