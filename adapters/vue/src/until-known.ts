import { refusal, replicaOf, type Source } from '@velox/core';
import { getCurrentScope, toValue, watch, type MaybeRefOrGetter } from 'vue';
import { useReadable } from './use-readable.js';

/**
 * Gives a function that waits for the value of a source to be known, within the scope of this call.
 *
 * @throws when waiting: VeloxError if it will not come.
 */
export function useUntilKnown(source: MaybeRefOrGetter<Source<unknown>>): () => Promise<void> {
  const scope = getCurrentScope(); // `await` asks later, when there is no current one any more
  const replica = (): ReturnType<typeof replicaOf> => replicaOf(toValue(source));
  return () =>
    new Promise((resolve, reject) => {
      const wait = (): unknown =>
        watch(
          [
            useReadable(replica, (value) => value),
            useReadable(
              () => replica().status,
              (status) => status,
            ),
          ],
          ([value]) => {
            const error = refusal(toValue(source));
            if (value !== undefined) resolve();
            else if (error) reject(error);
          },
          { immediate: true, flush: 'sync' },
        );
      if (scope) scope.run(wait);
      else wait();
    });
}
