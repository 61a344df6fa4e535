import type { Contract, EventData, EventName, Sync, SyncSource } from '@velox/core';
import { syncOf, type Lookup } from '@velox/core/adapter';
import { onMount } from 'svelte';
import { toStore } from 'svelte/store';

/**
 * Calls a listener for each event of a name while the component is mounted, and keeps the connection open. Changes that the server made
 * before an event are visible before it. To send an event, use `shared(url).emit` of `@velox/core`.
 *
 * @param source a URL, an object with `url` and options; or a function that returns one and may read state.
 * @example veloxEvent('/sync', 'notice', (text: string) => toast(text))
 * @throws Svelte's `lifecycle_outside_component` if no component calls it.
 */
export function veloxEvent<D = unknown>(
  source: SyncSource | (() => SyncSource),
  event: string,
  listener: (data: D) => void,
): void;
/** @param source a connection; its contract types the event. */
export function veloxEvent<C extends Contract, N extends EventName<C>>(
  source: Sync<C> | (() => Sync<C>),
  event: N,
  listener: (data: EventData<C, N>) => void,
): void;
export function veloxEvent(
  source: SyncSource | (() => SyncSource),
  event: string,
  listener: (data: never) => void,
): void {
  const last: Lookup = {};
  const current = toStore(() => syncOf(typeof source === 'function' ? source() : source, last));
  let leave = (): void => {};
  // Components are not mounted during server rendering.
  onMount(() => {
    const forget = current.subscribe((sync) => {
      leave();
      leave = sync.on(event, (data) => listener(data as never));
    });
    return () => {
      forget();
      leave();
    };
  });
}
