import type { Replica } from '../replicas/replica.js';
import { refusal } from './refusal.js';
import { awaited, type Lookup } from './registry.js';

/** How long a component that suspends stays subscribed without a sign of life, in ms. */
const RENEW_MS = 5_000;

/** How long a closed connection is remembered for components that have waited for it, in ms. They render again much earlier. */
const CLOSED_MS = 1_000;

/** The promises that have not resolved. */
const waiting = new WeakMap<Replica<unknown>, Promise<void>>();

/**
 * Returns a promise that resolves when the value arrives or is refused, and after 5 s in any case. All callers share it. It subscribes on
 * behalf of a component that suspends, and therefore cannot subscribe itself. The component then renders again: it mounts, or it asks for
 * another promise during the linger time. A component that is gone does neither, so its topic is released.
 *
 * @param last the lookup that found the replica
 */
export function untilKnown(replica: Replica<unknown>, { entry, connection }: Lookup): Promise<void> {
  let known = waiting.get(replica);
  if (!known) {
    known = new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        leave();
        forget();
        waiting.delete(replica);
        if (entry && connection?.status.get().state === 'closed') {
          const { key } = entry;
          awaited.set(key, { ...entry, connection });
          setTimeout(() => awaited.delete(key), CLOSED_MS);
        }
        resolve();
      };
      const settle = (): void => {
        if (replica.get() !== undefined || refusal(replica)) end();
      };
      const leave = replica.subscribe(settle);
      const forget = replica.status.subscribe(settle);
      const timer = setTimeout(end, RENEW_MS);
    });
    waiting.set(replica, known);
  }
  return known;
}
