import {
  syncOf,
  type Contract,
  type EventData,
  type EventName,
  type Sync,
  type SyncSource,
} from '@velox/core';
import { toValue, watchPostEffect, type MaybeRefOrGetter } from 'vue';

/**
 * Hears the events of a name, which keeps the connection open, until the scope of the call, mostly a component's, ends. Each of
 * them reaches the listener, one by one, and what the server changed before it sent one is seen before it. (To send one:
 * `shared(url).emit` of the core.)
 *
 * @param source a URL, an object with `url` and more; or a ref or getter of one, which may change.
 * @example useVeloxEvent('/sync', 'notice', (text: string) => toast(text))
 */
export function useVeloxEvent<D = unknown>(
  source: MaybeRefOrGetter<SyncSource>,
  event: string,
  listener: (data: D) => void,
): void;
/** @param source a connection, whose contract types the event. */
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
  // After the rendering, so not at all on a server.
  watchPostEffect((onCleanup) => {
    const sync = syncOf(toValue(source));
    onCleanup(sync.on(event, (data) => listener(data as never)));
  });
}
