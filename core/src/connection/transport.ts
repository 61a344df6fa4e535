import type { ClientFrame, Hello, ServerFrame } from '../protocol/frames.js';

/** What one attempt to reach the server starts with. */
export interface Attempt {
  /** Absolute http(s) URL of the endpoint, without Velox's own query. */
  readonly url: string;
  /** Sent where the transport can (not by a browser's WebSocket). */
  readonly headers: Readonly<Record<string, string>>;
  /** The first frames: `open`, then `subscribe`; they leave before anything else. */
  readonly open: readonly ClientFrame[];
}

/** Why a link ended: a code for programs (`lost`, `refused`, `bad-frame`, …) and, where known, the error behind it. */
export interface CloseReason {
  readonly code: string;
  readonly message: string;
  /** As in `Bye`: false = do not come back, ms = come back then. */
  readonly retry?: number | false;
  readonly cause?: unknown;
}

/**
 * What a link tells its connection. Guarantees: `onOpen` at most once and before any frame; `onFrame` in the order sent;
 * `onByte` for whatever arrives, also parts of a frame; `onClose` exactly once and last, also when opening failed, but never
 * from within the call that created the link, and not after `close()`.
 */
export interface LinkEvents {
  onOpen(): void;
  onByte(): void;
  /** `text` is the frame as it came, for those who count or show it. What it throws ends the link as `bad-frame`. */
  onFrame(frame: ServerFrame, text: string): void;
  onClose(reason: CloseReason): void;
}

/** One live attempt. */
export interface Link {
  /**
   * Sends a frame, after those that were sent before.
   *
   * @param hello what the server said on this link, for ways that have to name the session
   */
  send(frame: ClientFrame, hello: Hello): void;
  /** Ends it. Nothing is reported after this. Idempotent. */
  close(): void;
}

/** A way to connect. One call is one attempt; its link is never reused. */
export interface Transport {
  readonly name: string;
  (attempt: Attempt, events: LinkEvents): Link;
}
