import { effect, inject, NgZone } from '@angular/core';
import {
  syncOf,
  type Contract,
  type EventData,
  type EventName,
  type Sync,
  type SyncSource,
} from '@velox/core';

/**
 * Hears the events of a name, which keeps the connection open, until the injection context of the call, mostly a component's, ends.
 * Each of them reaches the listener, one by one, and what the server changed before it sent one is seen before it. (To send one:
 * `shared(url).emit` of the core.)
 *
 * @param source a URL, an object with `url` and more; or a signal or function that gives one, which may change.
 * @example injectVeloxEvent('/sync', 'notice', (text: string) => toast(text)) // in a constructor
 * @throws Angular's NG0203 outside of an injection context.
 */
export function injectVeloxEvent<D = unknown>(
  source: SyncSource | (() => SyncSource),
  event: string,
  listener: (data: D) => void,
): void;
/** @param source a connection, whose contract types the event. */
export function injectVeloxEvent<C extends Contract, N extends EventName<C>>(
  source: Sync<C> | (() => Sync<C>),
  event: N,
  listener: (data: EventData<C, N>) => void,
): void;
export function injectVeloxEvent(
  source: SyncSource | (() => SyncSource),
  event: string,
  listener: (data: never) => void,
): void {
  const zone = inject(NgZone);
  const hear = (data: unknown): void => zone.run(() => listener(data as never));
  effect((onCleanup) => {
    const sync = syncOf(typeof source === 'function' ? source() : source);
    // What a connection waits for must not hold back the stability of an application with zones.
    onCleanup(zone.runOutsideAngular(() => sync.on(event, hear)));
  });
}
