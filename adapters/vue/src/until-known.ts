import { refusal, replicaOf, type Source } from '@velox/core';
import { effectScope, getCurrentScope, toValue, watch, type MaybeRefOrGetter } from 'vue';
import { useReadable } from './use-readable.js';

/**
 * Gives a function that waits for the value of a source to be known, at the longest until the end of the scope of this call.
 *
 * @throws when waiting: VeloxError if it will not come.
 */
export function useUntilKnown(source: MaybeRefOrGetter<Source<unknown>>): () => Promise<void> {
  const scope = getCurrentScope(); // `await` asks later, when there is no current one any more
  const replica = (): ReturnType<typeof replicaOf> => replicaOf(toValue(source));
  return () =>
    new Promise((resolve, reject) => {
      const waiting = scope?.run(() => effectScope()) ?? effectScope();
      waiting.run(() => {
        const value = useReadable(replica, (value) => value);
        const status = useReadable(
          () => replica().status,
          (status) => status,
        );
        const settle = (): void => {
          const error = refusal(toValue(source));
          if (value.value === undefined && !error) return;
          waiting.stop();
          if (error) reject(error);
          else resolve();
        };
        watch([value, status], settle, { immediate: true, flush: 'sync' });
      });
    });
}
