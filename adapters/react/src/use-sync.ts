import type { Replica, Sync, SyncSource } from '@velox/core';
import { syncOf } from '@velox/core/adapter';
import { useLookup } from './use-lookup.js';
import { useSource, type ProvidedSource } from './provider.js';

/** A source of events: anything but a replica. */
export type ProvidedSync = Exclude<ProvidedSource<unknown>, Replica<unknown>> | Sync;

/** Returns the connection that a source means, with the defaults of the provider. */
export function useSync(source: ProvidedSync): Sync {
  const isSync = typeof source === 'object' && 'on' in source;
  const provided = useSource(isSync ? '' : source) as SyncSource;
  return syncOf(isSync ? source : provided, useLookup());
}
