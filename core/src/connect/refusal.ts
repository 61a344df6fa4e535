import { EXPLAINED } from '#development';
import { VeloxError, type ErrorCode } from '../protocol/error.js';
import { isServerRendering } from '../platform/page.js';
import type { Replica } from '../replicas/replica.js';
import { replicaOf, type Source } from './registry.js';

const CLOSED = 'the connection is closed. Call reconnect() to open it again.';

/**
 * Why a source gets no value: its topic is denied, its connection has ended for good, or a server renders, which does not connect.
 * Undefined if there is a value, or if one may still arrive.
 *
 * @param replica that of the source
 */
export function refusal(
  source: Source<unknown>,
  replica: Replica<unknown> = replicaOf(source),
): VeloxError | undefined {
  const { get, status } = replica;
  if (get() !== undefined) return undefined;
  const { state, reason } = status.get();
  if (state === 'closed' || reason?.denied !== undefined) {
    const { code = 'closed', message = EXPLAINED && CLOSED } = reason ?? {};
    return new VeloxError(code as ErrorCode, message);
  }
  const detached = isServerRendering() && (typeof source === 'string' || 'url' in source);
  return detached
    ? new VeloxError('no-transport', EXPLAINED && 'a server renders without a connection. Pass `initial`.')
    : undefined;
}
