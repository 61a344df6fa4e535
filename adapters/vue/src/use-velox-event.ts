import type { Contract, EventData, EventName, Sync, SyncSource } from '@velox/core';
import { syncOf, type Lookup } from '@velox/core/adapter';
import { toValue, watchPostEffect, type MaybeRefOrGetter } from 'vue';

/**
 * Calls a listener for each event of a name until the scope of the call ends, usually a component's, and keeps the connection open.
 * Changes that the server made before an event are visible before it. To send an event, use
 * `shared(url).emit` of `@velox/core`.
 *
 * @param source a URL, an object with `url` and options; or a ref or getter of one.
 * @example useVeloxEvent('/sync', 'notice', (text: string) => toast(text))
 */
export function useVeloxEvent<D = unknown>(
  source: MaybeRefOrGetter<SyncSource>,
  event: string,
  listener: (data: D) => void,
): void;
/** @param source a connection; its contract types the event. */
export function useVeloxEvent<C extends Contract, N extends EventName<C>>(
  source: MaybeRefOrGetter<Sync<C>>,
  event: N,
  listener: (data: EventData<C, N>) => void,
): void;
export function useVeloxEvent(
  source: MaybeRefOrGetter<SyncSource>,
  event: string,
  listener: (data: never) => void,
): void {
  const last: Lookup = {};
  // Post effects do not run while a server renders, so a server never subscribes.
  watchPostEffect((onCleanup) => {
    const sync = syncOf(toValue(source), last);
    onCleanup(sync.on(event, (data) => listener(data as never)));
  });
}
