/** Whether there is a page that the user cannot see. */
export function isHidden(): boolean {
  return !!globalThis.document?.hidden;
}

/** Whether the browser claims that there is no network. It is often wrong, so this is a hint. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}

/** Marks of a client without a DOM. */
interface Client {
  readonly WorkerGlobalScope?: unknown;
  readonly process?: { readonly versions?: { readonly electron?: string } };
}

/**
 * Whether this runtime renders for others, so that it must not connect: there is no document, and it is neither a browser's worker, nor
 * React Native, nor Electron.
 */
export function isServerRendering(): boolean {
  const { document, location, navigator, WorkerGlobalScope, process } = globalThis as Client &
    Partial<typeof globalThis>;
  // Servers have workers, too, but no location: Cloudflare's, for instance.
  const isWorker = WorkerGlobalScope && location;
  return !(document || isWorker || navigator?.product === 'ReactNative' || process?.versions?.electron);
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

/** The machine's network, if the browser tells. @see https://wicg.github.io/netinfo/ */
interface Connected {
  readonly connection?: EventTarget;
}
