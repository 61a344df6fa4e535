/** Whether there is a page that the user cannot see. */
export function isHidden(): boolean {
  return !!globalThis.document?.hidden;
}

/** Signs of a client without a DOM. */
interface Client {
  readonly WorkerGlobalScope?: unknown;
  readonly process?: { readonly versions?: { readonly electron?: string } };
}

/**
 * Whether this runtime renders for others, so that it must not connect: it is no page, no browser's worker (which has a location; those of
 * servers have none), not React Native, and not Electron.
 */
export function isServerRendering(): boolean {
  const { document, location, navigator, WorkerGlobalScope, process } = globalThis as Client &
    Partial<typeof globalThis>;
  const isWorker = WorkerGlobalScope && location;
  return !(document || isWorker || navigator?.product === 'ReactNative' || process?.versions?.electron);
}
