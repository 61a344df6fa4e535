import type { Replica, Source } from '@velox/core';
import { refusal, replicaOf } from '@velox/core/adapter';

const waiting = new WeakMap<Replica<unknown>, Promise<void>>();

/**
 * Returns a promise that resolves when the value arrives, or is refused. All callers share it. It subscribes on behalf of a component
 * that suspends, and therefore cannot subscribe itself; the component mounts during the linger time.
 */
export function untilKnown(source: Source<unknown>): Promise<void> {
  const replica = replicaOf(source);
  let known = waiting.get(replica);
  if (!known) {
    known = new Promise((resolve) => {
      const settle = (): void => {
        if (replica.get() === undefined && !refusal(replica)) return;
        leave();
        forget();
        waiting.delete(replica);
        resolve();
      };
      const leave = replica.subscribe(settle);
      const forget = replica.status.subscribe(settle);
    });
    waiting.set(replica, known);
  }
  return known;
}
