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

/** A source of events: anything but a replica. */
type Endpoint = Exclude<ProvidedSource<unknown>, Replica<unknown>> | Sync;

/**
 * Calls a listener for each event of a name while the component is mounted, and keeps the connection open. Changes that the server made
 * before an event are visible before it. To send an event, use `shared(url).emit` of `@velox/core`.
 *
 * @param listener may be written inline: the newest one is called. Its errors are reported.
 * @example useVeloxEvent('/sync', 'notice', (text: string) => toast(text))
 */
export function useVeloxEvent<D = unknown>(
  source: Endpoint,
  event: string,
  listener: (data: D) => void,
): void;
/** @param source a connection; its contract types the event. */
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
