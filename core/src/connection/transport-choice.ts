import type { Reason } from '../replicas/status.js';
import type { CloseReason, Transport } from './transport.js';

/** Which transport is used. The one that worked is kept. */
export interface TransportChoice {
  /** The next one in turn, and whether all have failed since one worked. */
  readonly next: (
    current: number,
    reason: CloseReason,
  ) => { readonly index: number; readonly isLast: boolean };
  /** The current one works. Returns why a preferred one is not in use, if that is so. */
  readonly keep: (current: number) => Reason | undefined;
}

/** Creates the choice between transports that are given in the order of preference. */
export function createTransportChoice(transports: readonly Transport[]): TransportChoice {
  /** How many failed since one worked. */
  let failed = 0;
  let fallbackReason: Reason | undefined;
  return {
    next(current, { code, message }) {
      fallbackReason = { code, message: `${transports[current]!.name}: ${message}` };
      return { index: (current + 1) % transports.length, isLast: ++failed % transports.length === 0 };
    },
    keep(current) {
      failed = 0;
      return current ? fallbackReason : undefined;
    },
  };
}
