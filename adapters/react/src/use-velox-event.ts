import {
  syncOf,
  type Contract,
  type EventData,
  type EventName,
  type Replica,
  type Sync,
  type SyncSource,
} from '@velox/core';
import { useEffect, useInsertionEffect, useRef } from 'react';
import { useSource, type ProvidedSource } from './provider.js';

/** What has events: all but a replica. */
type Endpoint = Exclude<ProvidedSource<unknown>, Replica<unknown>> | Sync;

/**
 * Hears the events of a name while the component is there, which keeps the connection open. Each of them reaches the handler, one
 * by one, and what the server changed before it sent one is seen before it. (To send one: `shared(url).emit` of the core.)
 *
 * @param listener may be written inline: the newest one is called. What it throws is reported.
 * @example useVeloxEvent('/sync', 'notice', (text: string) => toast(text))
 */
export function useVeloxEvent<D = unknown>(
  source: Endpoint,
  event: string,
  listener: (data: D) => void,
): void;
/** @param source a connection, whose contract types the event. */
export function useVeloxEvent<C extends Contract, N extends EventName<C>>(
  source: Sync<C>,
  event: N,
  listener: (data: EventData<C, N>) => void,
): void;
export function useVeloxEvent(source: Endpoint, event: string, listener: (data: never) => void): void {
  const isSync = typeof source === 'object' && 'on' in source;
  const provided = useSource(isSync ? '' : source) as SyncSource;
  const sync = syncOf(isSync ? source : provided);
  const newest = useRef(listener);
  useInsertionEffect(() => {
    newest.current = listener;
  });
  useEffect(() => sync.on(event, (data) => newest.current(data as never)), [sync, event]);
}
