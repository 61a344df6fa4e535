import type { Message } from './message.js';

/** Bytes that may wait in an outlet before it counts as full. */
export const FULL: number = 64 * 1024;

/** What a transport gives a session: the way out. */
export interface Outlet {
  readonly transport: string;
  /**
   * Takes the messages whole, in one write. False: {@link FULL} or more bytes wait, and nothing more is to be written until
   * `onDrain` was called (once).
   */
  write(messages: readonly Message[]): boolean;
  /** Ends the link once all that was written has left. Idempotent. */
  close(code: number, reason: string): void;
}
