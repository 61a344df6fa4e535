import type { Link } from './transport.js';

/** A connection tries to open. */
export interface Connecting {
  readonly is: 'connecting';
  /** Absent while we wait for a token. */
  link?: Link;
}

/** The current phase of a connection; `is` is its status. A phase is compared by identity, so late results see that they are late. */
export type Phase =
  | { readonly is: 'idle' | 'waiting' | 'offline' | 'closed' }
  | Connecting
  | { readonly is: 'open'; readonly link: Link };

/** The phase after `close()`, which is the last one. */
export const OVER: Phase = { is: 'closed' };
