import { load } from '../platform/load.js';
import type { Reason } from '../replicas/status.js';
import type { Attempt, CloseReason, Transport } from './transport.js';

/** Which transport is used. The one that worked is kept; preferred ones are tried beside it from time to time. */
export interface TransportChoice {
  readonly current: () => Transport;
  /** Hands over to the next one; false if all have failed in turn. */
  readonly next: (reason: CloseReason) => boolean;
  /** The current one works. Returns why a preferred one is not in use, if that is so. */
  readonly keep: () => Reason | undefined;
  /** Looks for a preferred one that works, until `stop`; `onFound` is called when it is the current one. */
  readonly seek: (attempt: Attempt, onFound: () => void) => void;
  readonly stop: () => void;
}

/** Creates the choice between transports that are given in the order of preference. */
export function createTransportChoice(transports: readonly Transport[]): TransportChoice {
  let chosen = 0;
  /** How many failed since one worked. */
  let failed = 0;
  let fallbackReason: Reason | undefined;
  let stop = (): void => {};
  const current = (): Transport => transports[chosen]!;
  return {
    current,
    next({ code, message }) {
      fallbackReason = { code, message: `${current().name}: ${message}` };
      chosen = (chosen + 1) % transports.length;
      return ++failed % transports.length > 0;
    },
    keep() {
      failed = 0;
      return chosen ? fallbackReason : undefined;
    },
    seek(attempt, onFound) {
      if (!chosen) return;
      let isStopped = false;
      stop = () => (isStopped = true);
      load().then(
        ({ retryPreferred }) => {
          if (isStopped) return;
          stop = retryPreferred(transports.slice(0, chosen), attempt, (found) => {
            chosen = found;
            onFound();
          });
        },
        () => {}, // it could not be loaded: the next link looks again
      );
    },
    stop: () => stop(),
  };
}
