import type { AnyContract, Contract } from '../protocol/contract.js';
import { shared, type SharedOptions } from './registry.js';
import type { Sync } from '../events/sync.js';

/** A source of events for an adapter: a URL, an object with `url` and more, or a connection. */
export type SyncSource<C extends Contract = AnyContract> =
  string | Sync<C> | (SharedOptions & { readonly url: string });

/** The connection that a source means, the same one each time. */
export function syncOf<C extends Contract = AnyContract>(source: SyncSource<C>): Sync<C> {
  if (typeof source === 'string') return shared(source);
  if ('on' in source) return source;
  const { url, ...options } = source;
  return shared(url, options);
}
