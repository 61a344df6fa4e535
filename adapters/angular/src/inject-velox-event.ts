import { effect, inject, NgZone } from '@angular/core';
import type { Contract, EventData, EventName, Sync, SyncSource } from '@velox/core';
import { syncOf, type Lookup } from '@velox/core/adapter';

/**
 * Calls a listener for each event of a name until the injection context of the call ends, usually a component's, and keeps the
 * connection open. Changes that the server made before an event are visible before it. To send an event, use
 * `shared(url).emit` of `@velox/core`.
 *
 * @param source a URL, an object with `url` and options; or a signal or function that returns one.
 * @example injectVeloxEvent('/sync', 'notice', (text: string) => toast(text)) // in a constructor
 * @throws Angular's NG0203 outside of an injection context.
 */
export function injectVeloxEvent<D = unknown>(
  source: SyncSource | (() => SyncSource),
  event: string,
  listener: (data: D) => void,
): void;
/** @param source a connection; its contract types the event. */
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
  const last: Lookup = {};
  const hear = (data: unknown): void => zone.run(() => listener(data as never));
  effect((onCleanup) => {
    const sync = syncOf(typeof source === 'function' ? source() : source, last);
    // Pending timers of a connection must not delay the stability of an application with zones.
    onCleanup(zone.runOutsideAngular(() => sync.on(event, hear)));
  });
}
