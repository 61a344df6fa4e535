import { VeloxError, type ErrorCode } from '../protocol/error.js';
import { replicaOf, type Source } from './registry.js';

/** What a `denied` frame says of a topic. Everything else that a link can end with may come right by itself. */
const DENIED = ['not-found', 'forbidden'];

/**
 * Why nobody should wait for the value of a source: its topic is denied, its connection has ended for good, or a server renders,
 * which connects to nobody. Undefined while there is a value, or one may come.
 */
export function refusal(source: Source<unknown>): VeloxError | undefined {
  const { get, status } = replicaOf(source);
  if (get() !== undefined) return undefined;
  const { state, reason } = status.get();
  if (state === 'closed' || DENIED.includes(reason?.code as string)) {
    const { code = 'closed', message = 'closed' } = reason ?? {};
    return new VeloxError(code as ErrorCode, `there will be no value (${message}). Read the status.`);
  }
  const detached = !globalThis.document && (typeof source === 'string' || 'url' in source);
  return detached
    ? new VeloxError('no-transport', 'a server renders without a connection. Pass `initial`.')
    : undefined;
}
