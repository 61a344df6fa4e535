import type { AnyContract, Contract } from '../protocol/contract.js';
import { sharedBy, type Lookup, type SharedOptions, type Source } from './registry.js';
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
  // A source of a value serves events as well, and its connection takes nothing of the value.
  const { url, topic, initial, ...options } = source as Extract<Source<unknown>, { url: string }>;
  void [topic, initial];
  return sharedBy(last, url, options);
}
