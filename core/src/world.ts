/** Whether there is a page, and nobody sees it. */
export function isHidden(): boolean {
  return !!globalThis.document?.hidden;
}

/** Whether the browser is sure that there is no network. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}

const EVENTS = ['online', 'offline', 'visibilitychange'];

/** Calls back when the page or the network comes or goes, where there are such events; returns the end of it. */
export function watchWorld(onChange: () => void): () => void {
  for (const name of EVENTS) globalThis.addEventListener?.(name, onChange);
  return () => {
    for (const name of EVENTS) globalThis.removeEventListener?.(name, onChange);
  };
}
