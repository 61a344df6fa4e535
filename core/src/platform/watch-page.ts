/** Whether the browser claims that there is no network. It is often wrong, so this is a hint. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}

/** Calls back when the page or the network appears, vanishes or changes, if the runtime has such events; returns its end. */
export function watchPage(onChange: (event: Event) => void): () => void {
  const listen = (verb: 'add' | 'remove'): void => {
    for (const name of ['online', 'offline', 'visibilitychange', 'pagehide', 'pageshow']) {
      globalThis[`${verb}EventListener`]?.(name, onChange);
    }
    (globalThis.navigator as Connected | undefined)?.connection?.[`${verb}EventListener`]('change', onChange);
  };
  listen('add');
  return () => listen('remove');
}

/** The machine's network, if the browser reports it. @see https://wicg.github.io/netinfo/ */
interface Connected {
  readonly connection?: EventTarget;
}
