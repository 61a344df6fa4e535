/** Whether there is a page, and nobody sees it. */
export function isHidden(): boolean {
  return !!globalThis.document?.hidden;
}

/** Whether the browser is sure that there is no network. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}

/** Calls back when the page or the network comes or goes, where there are such events; returns the end of it. */
export function watchWorld(onChange: () => void): () => void {
  const listen = (verb: 'add' | 'remove'): void => {
    for (const name of ['online', 'offline', 'visibilitychange']) {
      globalThis[`${verb}EventListener`]?.(name, onChange);
    }
  };
  listen('add');
  return () => listen('remove');
}
