/** The original API, `velox(url, obj)`; as `velox.js` it is a script that needs no bundler. */
import { EXPLAINED } from '#development';
import { withBasic, withUserInfo, type BasicCredentials } from './classic/credentials.js';
import { createLink, type ClassicLink } from './classic/link.js';
import { resolve, type ConnectOptions } from './connect/connect.js';
import { VeloxError, type ErrorCode } from './protocol/error.js';
import type { Patch } from './protocol/patch.js';
import { createMirror } from './reactive/mirror.js';
import { attempt } from './reactive/readable.js';
import type { Initial } from './replicas/replica.js';
import { polling, sse } from './transports/requests.js';
import { version2 } from './transports/version-2.js';
import { websocket } from './transports/websocket.js';

/** An object that is kept live. Assign its handlers; they do nothing at first. */
export interface Velox<T extends object> {
  readonly url: string;
  readonly obj: T;
  readonly connected: boolean;
  /** Whether the transport in use, or being tried, is a WebSocket (`ws`) or server-sent events (`sse`). */
  readonly ws: boolean;
  readonly sse: boolean;
  /** The position of `obj`: the epoch of the value, and the version reached in it. Undefined before the first value. */
  readonly id: string | undefined;
  readonly version: number | undefined;
  /** Called after `obj` has changed, in place. */
  onupdate: (obj: T) => void;
  /** Called before `obj` changes, with the changes as patches of immer. */
  onpatch: (patches: Patch[]) => void;
  onconnect: () => void;
  /**
   * Called when a connection was lost; Velox then reconnects automatically. A handler that declares a parameter disables that. It is also
   * called for each failed attempt, even offline, and reconnects by calling `retry`.
   */
  ondisconnect: (retry: () => void) => void;
  /** Called before `onconnect` and `ondisconnect`, if `connected` has changed. */
  onchange: (connected: boolean) => void;
  /** Called if an attempt failed, a link was lost, or the server refuses; the error has its code. */
  onerror: (error: VeloxError) => void;
  /** Connects again after `disconnect()` or a final refusal; `velox()` itself makes the first connection. */
  readonly connect: () => void;
  /** Ends the connection until `connect()`, and resolves `wait()`. */
  readonly disconnect: () => void;
  /** Connects again immediately. */
  readonly retry: () => void;
  /**
   * Sends data to the server, which receives it as the event `message`: at most once, over the present connection. (`emit` of `connect`
   * repeats an event after a loss.)
   *
   * @throws VeloxError `closed` while there is no connection; `not-supported` to a server of version 2.
   */
  readonly send: (data: unknown) => void;
  /** Resolves at the next `disconnect()`. */
  readonly wait: () => Promise<void>;
}

/** How the original API reaches an endpoint, and which topic it keeps. */
export interface ClassicOptions extends Omit<ConnectOptions, 'retry'>, BasicCredentials {
  /** Default: the endpoint's default topic. */
  readonly topic?: string | undefined;
  /** The member that identifies rows of a list; default `id`. Rows keep their identity. */
  readonly key?: string | undefined;
  /** As for `connect`. `false`: the first failure ends the connection. */
  readonly retry?: ConnectOptions['retry'] | boolean;
}

/**
 * Keeps an object equal to the value at a URL, in place. Objects and rows keep their identity, and keys that begin with `$` belong to the
 * application. Each change is followed by `obj.$apply()`, if it exists, then by `onupdate`. Servers of version 2 work as well.
 *
 * @example
 * const foo = {}
 * const v = velox('/sync', foo)
 * v.onupdate = () => show(foo)
 * @throws TypeError if `obj` is no object; VeloxError `bad-url` if the URL is invalid.
 */
export type Classic = <T extends object>(url: string, obj: T, options?: ClassicOptions) => Velox<T>;

function create<T extends object>(url: string, obj: T, options: ClassicOptions = {}): Velox<T> {
  if (typeof obj !== 'object' || obj === null) {
    throw new TypeError('velox: there is no object to be kept live. Pass one.');
  }
  resolve(url);
  const { key, username, password, retry, WebSocket, ...others } = options;
  const isBasic = username !== undefined || password !== undefined;
  const basic = { username, password };
  const given = others.transports ?? [version2(websocket(WebSocket)), version2(sse()), polling()];
  const linkOptions = {
    ...others,
    retry: retry === false ? { maxAttempts: 1 } : retry === true ? undefined : retry,
    // Created once, because they remember what a server of version 2 has sent.
    transports: isBasic ? given.map((transport) => withUserInfo(transport, basic)) : given,
    headers: isBasic ? withBasic(others.headers, basic) : others.headers,
  };
  const fit = createMirror({ key });
  const waiting: (() => void)[] = [];
  let held: Initial<T> | undefined;
  let link: ClassicLink | undefined;
  const live: { -readonly [K in keyof Velox<T>]: Velox<T>[K] } = {
    url,
    obj,
    connected: false,
    ws: others.transport === 'websocket',
    sse: others.transport === 'sse',
    id: undefined,
    version: undefined,
    onupdate() {},
    onpatch() {},
    onconnect() {},
    ondisconnect() {},
    onchange() {},
    onerror() {},
    connect,
    disconnect() {
      const ending = link;
      link = undefined;
      ending?.close();
      if (live.connected) leave();
      for (const done of waiting.splice(0)) done();
    },
    retry: () => (link ? link.retry() : connect()),
    send(data) {
      if (!link)
        throw new VeloxError('closed', EXPLAINED && 'send() without a connection. Call connect() first.');
      link.send(data);
    },
    wait: () => new Promise((done) => void waiting.push(done)),
  };

  function change(connected: boolean): void {
    live.connected = connected;
    attempt(() => live.onchange(connected));
  }

  function leave(): boolean {
    const isManual = live.ondisconnect.length === 1;
    const wasConnected = live.connected;
    if (wasConnected) change(false);
    if (isManual) link = undefined;
    if (wasConnected || isManual) attempt(() => live.ondisconnect(live.retry));
    return isManual;
  }

  function connect(): void {
    if (link) return link.connect();
    const mine: ClassicLink = createLink<T>(url, linkOptions, held, {
      onTransport(name) {
        live.ws = name === 'websocket';
        live.sse = name === 'sse';
      },
      onOpen() {
        change(true);
        if (live.connected) live.onconnect(); // onchange may have disconnected
      },
      onLost: () => mine === link && leave(),
      onError: ({ code, message }) => live.onerror(new VeloxError(code as ErrorCode, message)),
      onPatch: (patches) => live.onpatch(patches),
      onPosition: (position) => Object.assign(live, position),
      onValue(body, { id, version }) {
        held = { id, version, body };
        const now: unknown = live.obj;
        const isFitting = Object(now) === now && Array.isArray(now) === Array.isArray(body);
        live.obj = fit(isFitting ? now : obj, body); // after a null, the page's own object goes on
        live.id = id;
        live.version = version;
        const apply = (live.obj as { $apply?: unknown } | null)?.$apply; // a value may be null
        if (typeof apply === 'function') attempt(() => void apply.call(live.obj));
        attempt(() => live.onupdate(live.obj));
      },
    });
    link = mine;
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
