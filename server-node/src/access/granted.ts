import { VeloxError } from '@velox/core/protocol';
import type { Observer } from '../diagnostics/observer.js';

/**
 * Returns the context that `authorize` answered with. `({ token }) => token === secret` is a common way to write it, so false refuses.
 * undefined and null are the answer of an application that needs no contexts, but also that of a database without such a user.
 *
 * @throws VeloxError `unauthorized` for false.
 */
export function granted(context: unknown, observer: Observer): unknown {
  if (context === false) {
    throw new VeloxError(
      'unauthorized',
      'authorize() returned false. To admit the client, return its context or true.',
    );
  }
  if (context === undefined || context === null) {
    const advice = `authorize() returned ${context}, and the client was admitted. To refuse a client, throw or return false. To admit it, return a context, such as {}.`;
    observer.once('no context', '', advice, {});
  }
  return context;
}
