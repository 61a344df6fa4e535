import type { IncomingMessage } from 'node:http';

/** The handlers of all endpoints. */
const handlers = new WeakSet<object>();

/** The part of Express's routing that is read. */
interface Layer {
  readonly handle?: object;
  match?(path: string): unknown;
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
 */
export function hidesAnother(request: WithApp, handler: object): boolean {
  const { app, originalUrl = '/' } = request;
  // `_router` first: in Express 4, reading `router` throws
  const stack = (app?._router ?? app?.router)?.stack ?? [];
  const path = originalUrl.split('?')[0] as string;
  return stack.some((layer) => {
    const other = layer.handle;
    return other !== undefined && other !== handler && handlers.has(other) && !!layer.match?.(path);
  });
}
