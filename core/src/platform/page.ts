/** Whether there is a page, and nobody sees it. */
export function isHidden(): boolean {
  return !!globalThis.document?.hidden;
}

/** Whether the browser is sure that there is no network. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}

/** Calls back when the page or the network comes, goes or changes, where there are such events; returns the end of it. */
export function watchWorld(onChange: (event: Event) => void): () => void {
  const listen = (verb: 'add' | 'remove'): void => {
    for (const name of ['online', 'offline', 'visibilitychange', 'pagehide', 'pageshow']) {
      globalThis[`${verb}EventListener`]?.(name, onChange);
    }
    (globalThis.navigator as Connected | undefined)?.connection?.[`${verb}EventListener`]('change', onChange);
  };
  listen('add');
  return () => listen('remove');
}

/** The network that the machine is on, where the browser tells. @see https://wicg.github.io/netinfo/ */
interface Connected {
  readonly connection?: EventTarget;
}
