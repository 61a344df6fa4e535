import { refusal, replicaOf, type Replica, type Source } from '@velox/core';

const waiting = new WeakMap<Replica<unknown>, Promise<void>>();

/**
 * Resolves when there is a value, or none will come: the same promise for all who wait. It shows the interest that a component
 * cannot show before it is there; what is left of that at the end is the linger, in which the component mounts.
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
