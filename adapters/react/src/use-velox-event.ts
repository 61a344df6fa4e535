import type { Contract, EventData, EventName, Sync } from '@velox/core';
import { attempt } from '@velox/core/adapter';
import { useEffect, useInsertionEffect, useRef } from 'react';
import { useSync, type ProvidedSync } from './use-sync.js';

/**
 * Calls a listener for each event of a name while the component is mounted, and keeps the connection open. Changes that the server made
 * before an event are rendered before it. To send an event, use `emit` of {@link useSync}.
 *
 * @param listener may be written inline: the newest one is called. Its errors are reported.
 * @example useVeloxEvent('/sync', 'notice', (text: string) => toast(text))
 */
export function useVeloxEvent<D = unknown>(
  source: ProvidedSync,
  event: string,
  listener: (data: D) => void,
): void;
/** @param source a connection; its contract types the event. */
export function useVeloxEvent<C extends Contract, N extends EventName<C>>(
  source: Sync<C>,
  event: N,
  listener: (data: EventData<C, N>) => void,
): void;
export function useVeloxEvent(source: ProvidedSync, event: string, listener: (data: never) => void): void {
  const sync = useSync(source);
  const newest = useRef(listener);
  useInsertionEffect(() => {
    newest.current = listener;
  });
  useEffect(() => {
    // React renders the changes before an event in a microtask that they have queued already. The newest listener is the one of that render.
    const leave = sync.on(event, (data) =>
      queueMicrotask(() => isMounted && attempt(() => newest.current(data as never))),
    );
    let isMounted = true;
    return () => {
      isMounted = false;
      leave();
    };
  }, [sync, event]);
}
