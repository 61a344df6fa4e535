import type { AnyContract, Contract, Replica, Sync, SyncSource } from '@velox/core';
import { syncOf } from '@velox/core/adapter';
import { useLookup } from './use-lookup.js';
import { useSource, type ProvidedSource } from './provider.js';

/** A source of events: anything but a replica. */
export type ProvidedSync = Exclude<ProvidedSource<unknown>, Replica<unknown>> | Sync;

/**
 * Returns the connection of a source, with the defaults of the `VeloxProvider`: the one that the other hooks use. It does not open the
 * connection.
 *
 * @example const { emit } = useSync<App>('/sync')
 */
export function useSync<C extends Contract = AnyContract>(source?: ProvidedSync): Sync<C> {
  const isSync = typeof source === 'object' && 'on' in source;
  const provided = useSource(isSync ? '' : source);
  return syncOf<C>((isSync ? source : provided) as SyncSource<C>, useLookup());
}
