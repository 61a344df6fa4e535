import { copyValue } from '#development';
import type { Initial } from '../replicas/replica.js';

/**
 * Returns a value to start from that development may freeze: the application's own is copied there. Frameworks wrap state in proxies, which
 * cannot be frozen, and cannot be read after the object behind them is frozen. Production freezes nothing, and copies nothing.
 */
export function ownInitial<T>(initial: Initial<T>): Initial<T> {
  const body = copyValue(initial.body);
  return body === undefined ? initial : { ...initial, body: body as T };
}
