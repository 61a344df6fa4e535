import type { Source } from '@velox/core';
import { refusal, replicaOf, type Lookup } from '@velox/core/adapter';
import { effectScope, getCurrentScope, watch, type MaybeRefOrGetter } from 'vue';
import { toSource } from './to-source.js';
import { useReadable } from './use-readable.js';

/**
 * Returns a function that waits for the value of a source. Its promise stays pending if the scope of this call has ended or ends meanwhile:
 * the code after the `await` belongs to a component that is gone.
 *
 * @throws when waiting: VeloxError if the topic is denied or the connection is closed.
 */
export function useUntilKnown(source: MaybeRefOrGetter<Source<unknown>>): () => Promise<void> {
  const scope = getCurrentScope(); // `await` calls it later, when no scope is current
  const last: Lookup = {};
  const replica = (): ReturnType<typeof replicaOf> => replicaOf(toSource(source), last);
  return () =>
    new Promise((resolve, reject) => {
      // Nothing would end a subscription that begins now, for instance in a component that was left during another `await`.
      if (scope?.active === false) return;
      const waiting = scope?.run(() => effectScope()) ?? effectScope();
      waiting.run(() => {
        const value = useReadable(replica, (value) => value);
        const status = useReadable(
          () => replica().status,
          (status) => status,
        );
        const settle = (): void => {
          const error = refusal(toSource(source), replica());
          if (value.value === undefined && !error) return;
          waiting.stop();
          if (error) reject(error);
          else resolve();
        };
        watch([value, status], settle, { immediate: true, flush: 'sync' });
      });
    });
}
