import type { ClientFrame, Hello, ServerFrame } from '../protocol/frames.js';
import type { Reason } from '../replicas/status.js';

/** The beginning of one attempt to reach the server. */
export interface Attempt {
  /** Absolute http(s) URL of the endpoint, without Velox's own query. */
  readonly url: string;
  /** Sent with each request, if the transport can: a browser's WebSocket cannot. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether `fetch` sends cookies. Default `include`: also to another origin. */
  readonly credentials?: 'omit' | 'same-origin' | 'include' | undefined;
  /** The first frames: `open`, then `subscribe`; they leave before anything else. */
  readonly open: readonly ClientFrame[];
}

/** Why a link ended. */
export interface CloseReason extends Reason {
  /** As in `Bye`: false = make no further attempt, ms = come back then. */
  readonly retry?: number | false | undefined;
  /** The frame that ended the link, if it was malformed. */
  readonly text?: string;
}

/** The public part of a reason. A text of the runtime may contain the URL, and with it a password. */
export function withoutPassword({ code, message }: Reason): Reason {
  return { code, message: message.replace(/\/\/[^/@]*@/g, '//') };
}

/**
 * A link reports to its connection. Guarantees: `onOpen` at most once and before any frame; `onFrame` in the order sent;
 * `onByte` for everything that arrives, also parts of a frame; `onClose` exactly once and last, also when opening failed, but never
 * from within the call that created the link, and not after `close()`.
 */
export interface LinkEvents {
  onOpen(): void;
  onByte(): void;
  /** `text` is the frame as it came, for tools that count or show it. If it throws, the link ends as `bad-frame`. */
  onFrame(frame: ServerFrame, text: string): void;
  onClose(reason: CloseReason): void;
}

/** One live attempt. */
export interface Link {
  /**
   * Sends a frame, as JSON text, after all earlier ones.
   *
   * @param hello the server's hello on this link, for transports that have to name the session
   */
  send(text: string, hello: Hello): void;
  /** Ends it. Nothing is reported after this. Idempotent. */
  close(): void;
}

/** A connection method. One call is one attempt; its link is never reused. */
export interface Transport {
  readonly name: string;
  (attempt: Attempt, events: LinkEvents): Link;
}
