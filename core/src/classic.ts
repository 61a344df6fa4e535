/** The original API, `velox(url, obj)`; as `velox.js` it is a script that needs no bundler. */
import { openConnection, type ConnectOptions } from './connect/connect.js';
import { VeloxError, type ErrorCode } from './protocol/error.js';
import { createMirror } from './reactive/mirror.js';

/** An object that is kept live. Its handlers are there to be assigned; they do nothing at first. */
export interface Velox<T extends object> {
  readonly url: string;
  readonly obj: T;
  readonly connected: boolean;
  /** Where `obj` is, or is about to be: the life of the value, and how far. Undefined before the first value. */
  readonly id: string | undefined;
  readonly version: number | undefined;
  /** `obj` has changed, in place. */
  onupdate: (obj: T) => void;
  onconnect: () => void;
  /** Was connected, and is no more; it is tried again by itself. */
  ondisconnect: () => void;
  /** Both, before them. */
  onchange: (connected: boolean) => void;
  /** An attempt has failed, a link was lost, or the server refuses; the error has its code. */
  onerror: (error: VeloxError) => void;
  /** Does nothing while it is wanted already: `velox()` has done it. */
  readonly connect: () => void;
  /** Until `connect()`. */
  readonly disconnect: () => void;
  /** Connects anew, at once. */
  readonly retry: () => void;
}

/** How the original API reaches an endpoint, and what it keeps of which topic. */
export interface ClassicOptions extends ConnectOptions {
  /** Default: the endpoint's default topic. */
  readonly topic?: string | undefined;
  /** The member that tells rows of a list apart; default `id`. Rows keep their identity. */
  readonly key?: string | undefined;
}

/**
 * Keeps an object like the value at a URL, in place: objects and rows stay the same, keys that begin with `$` are the
 * application's. After each change it calls `obj.$apply()`, if there is one, then `onupdate`.
 *
 * @example
 * const foo = {}
 * const v = velox('/sync', foo)
 * v.onupdate = () => show(foo)
 * @throws TypeError if `obj` is no object; VeloxError `bad-url` if the URL is none.
 */
export type Classic = <T extends object>(url: string, obj: T, options?: ClassicOptions) => Velox<T>;

function create<T extends object>(
  url: string,
  obj: T,
  { topic, key, ...options }: ClassicOptions = {},
): Velox<T> {
  if (typeof obj !== 'object' || obj === null) {
    throw new TypeError('velox: there is no object to be kept live. Pass one.');
  }
  const fit = createMirror({ key });
  const live: { -readonly [K in keyof Velox<T>]: Velox<T>[K] } = {
    url,
    obj,
    connected: false,
    id: undefined,
    version: undefined,
    onupdate() {},
    onconnect() {},
    ondisconnect() {},
    onchange() {},
    onerror() {},
    connect,
    disconnect: () => close?.(),
    retry: () => {},
  };
  let close: (() => void) | undefined;

  function connect(): void {
    if (close) return;
    const connection = openConnection(url, options);
    const replica = connection.replica<T>(topic);
    let reason: object | undefined;
    connection.onFrame((frame) => {
      if (!('version' in frame) || (frame.topic ?? '') !== replica.topic) return;
      if (frame.id !== undefined) live.id = frame.id;
      live.version = frame.version;
    });
    replica.status.subscribe(() => {
      const status = replica.status.get();
      if (status.reason !== reason) {
        reason = status.reason;
        if (status.reason)
          live.onerror(new VeloxError(status.reason.code as ErrorCode, status.reason.message));
      }
      const connected = status.state === 'open';
      if (connected === live.connected) return;
      live.connected = connected;
      live.onchange(connected);
      if (connected) live.onconnect();
      else live.ondisconnect();
    });
    replica.subscribe(() => {
      live.obj = fit(live.obj, replica.get() as T);
      const apply = (live.obj as { $apply?: unknown } | null)?.$apply; // a value may be null
      if (typeof apply === 'function') apply.call(live.obj);
      live.onupdate(live.obj);
    });
    live.retry = connection.reconnect;
    close = () => {
      close = undefined;
      connection.close();
    };
  }

  connect();
  return live;
}

const over =
  (transport: ConnectOptions['transport']): Classic =>
  (url, obj, options) =>
    create(url, obj, { ...options, transport });

/** {@link Classic}; `velox.ws` and `velox.sse` force a transport. */
const velox: Classic & { readonly ws: Classic; readonly sse: Classic } = Object.assign(create, {
  ws: over('websocket'),
  sse: over('sse'),
});
export default velox;
