import type { AnyContract, Contract } from '../protocol/contract.js';
import { sharedBy, type Lookup, type SharedOptions } from './registry.js';
import type { Sync } from '../events/sync.js';

/** A source of events for an adapter: a URL, an object with `url` and more, or a connection. */
export type SyncSource<C extends Contract = AnyContract> =
  string | Sync<C> | (SharedOptions & { readonly url: string });

/**
 * The connection that a source means, the same one each time.
 *
 * @param last of the component that uses the source; without one, the application asks, and the page keeps the connection
 */
export function syncOf<C extends Contract = AnyContract>(source: SyncSource<C>, last?: Lookup): Sync<C> {
  if (typeof source === 'string') return sharedBy(last, source);
  if ('on' in source) return source;
  const { url, ...options } = source;
  return sharedBy(last, url, options);
}
