import type { Message } from './message.js';

/** Bytes that wait in an outlet when it counts as full. */
export const FULL_BYTES: number = 64 * 1024;

/** Bytes that may still wait in a full outlet when it drains. */
export const DRAINED_BYTES: number = 16 * 1024;

/** How long a peer may take to read and answer a close, in ms; then its socket is destroyed. */
export const CLOSE_MS: number = 5_000;

/** The object that a transport gives a session for writing. The transport ends the link of a full outlet that stalls (`stall.ts`). */
export interface Outlet {
  readonly transport: string;
  /** Whether the client's frames come back on the same connection; else each is a POST. */
  readonly isTwoWay: boolean;
  /** Bytes that wait in it. */
  readonly waiting: number;
  /**
   * Takes the messages whole, in one write. False: {@link FULL_BYTES} or more bytes wait, or as many as the host allows. Nothing more may be
   * written until `onDrain` was called (once).
   */
  write(messages: readonly Message[]): boolean;
  /** Ends the link once all that was written has left, or after {@link CLOSE_MS}. Idempotent. */
  close(code: number, reason: string): void;
}
