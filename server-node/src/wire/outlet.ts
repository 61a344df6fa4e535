import type { Message } from './message.js';

/** Bytes that may wait in an outlet before it counts as full. */
export const FULL: number = 64 * 1024;

/** Bytes that may still wait in a full outlet when it takes more again. */
export const ROOM: number = 16 * 1024;

/** How long a peer may take to read, and to answer, that its link ends, in ms; then its socket is destroyed. */
export const GRACE: number = 5_000;

/** What a transport gives a session: the way out. Of one that is full and stalls, the transport ends the link (`stall.ts`). */
export interface Outlet {
  readonly transport: string;
  /** Bytes that wait in it. */
  readonly waiting: number;
  /**
   * Takes the messages whole, in one write. False: {@link FULL} or more bytes wait, or what the host thinks is enough, and
   * nothing more is to be written until `onDrain` was called (once).
   */
  write(messages: readonly Message[]): boolean;
  /** Ends the link once all that was written has left, or after {@link GRACE}. Idempotent. */
  close(code: number, reason: string): void;
}
