import type { IncomingMessage } from 'node:http';

/** The handlers of all endpoints. */
const handlers = new WeakSet<object>();

/** The part of Express's routing that is read. */
interface Layer {
  readonly handle?: object;
  match?(path: string): unknown;
  /** The part of the path that `match` has matched last, in versions in which that does not return it. */
  readonly path?: string;
}
type WithApp = IncomingMessage & {
  readonly originalUrl?: string;
  readonly app?: { readonly _router?: { stack?: Layer[] }; readonly router?: { stack?: Layer[] } };
};

/** Makes a handler known to {@link hidesAnother}. */
export function register(handler: object): void {
  handlers.add(handler);
}

/**
 * Whether `app.use` of Express has mounted another endpoint on the path of a request that a handler serves. That endpoint is never reached.
 * An endpoint on a parent path does not count, because it passes on requests below its own path. An endpoint at the root passes on none.
 */
export function hidesAnother(request: WithApp, handler: object): boolean {
  const { app, originalUrl = '/' } = request;
  // `_router` first: in Express 4, reading `router` throws
  const stack = (app?._router ?? app?.router)?.stack ?? [];
  const path = trimmed(originalUrl.split('?')[0]);
  return stack.some((layer) => {
    const other = layer.handle;
    if (other === undefined || other === handler || !handlers.has(other)) return false;
    const match = layer.match?.(path);
    const taken = trimmed((Object(match) as Layer).path ?? layer.path);
    return !!match && (taken === '' || taken === path);
  });
}

const trimmed = (path = ''): string => path.replace(/\/$/, '');
