import { VeloxError } from '../protocol/error.js';

/** How a connection proves who it is. */
export interface CredentialsOptions {
  /**
   * Sent with each request, if the transport can: a browser's WebSocket cannot. A function is called before each attempt; if it throws
   * or rejects, the attempt fails with the reason `auth`.
   */
  readonly headers?: HeadersSource | undefined;
  /**
   * Gives the token of each attempt. If the server refuses one, it is called once more before we give up. A token travels in the open
   * frame and in the header `authHeader`, never in a URL. If it throws or rejects, the attempt fails with the reason `auth`.
   */
  readonly auth?: (() => string | Promise<string>) | undefined;
  /**
   * The header that carries `Bearer <token>`. Default `authorization`. Name another one if a proxy needs that header for itself;
   * `authorize` on the server then finds it in `request.headers`.
   */
  readonly authHeader?: string | undefined;
}

type Headers = Readonly<Record<string, string>>;
type HeadersSource = Headers | (() => Headers | Promise<Headers>);

/** The headers and the token of a connection. */
export interface Credentials {
  /** Those of the present attempt. A renewed token appears in the same object, so that requests that follow send it. */
  readonly headers: () => Headers;
  readonly token: () => string | undefined;
  /** Asks for those of the next attempt, if there is anybody to ask. */
  readonly prepare: () => Promise<void> | undefined;
  /** Whether the refused token may be replaced: once, until {@link Credentials.accept}. */
  readonly replace: () => boolean;
  /** The server has taken the token. */
  readonly accept: () => void;
  /** Asks for a new token while a link lives. */
  readonly renew: () => Promise<string>;
}

/** Creates the credentials of one connection. */
export function createCredentials({
  headers,
  auth,
  authHeader = 'authorization',
}: CredentialsOptions): Credentials {
  let sent: Record<string, string> = { ...(headers as Headers) }; // a function spreads to nothing
  let token: string | undefined;
  let isReplaced = false;

  const take = (fresh: string | undefined): void => {
    token = fresh;
    if (fresh) sent[authHeader] = `Bearer ${fresh}`;
  };
  const prepare = async (): Promise<void> => {
    const [given, fresh] = await Promise.all([typeof headers === 'function' ? headers() : headers, auth?.()]);
    sent = { ...given };
    take(fresh);
  };
  return {
    headers: () => sent,
    token: () => token,
    prepare: () => (auth || typeof headers === 'function' ? prepare() : undefined),
    replace: () => !!auth && !isReplaced && (isReplaced = true),
    accept() {
      isReplaced = false;
    },
    async renew() {
      if (!auth)
        throw new VeloxError('no-auth', 'renew() has no token to ask for. Pass `auth` to connect().');
      const fresh = await auth();
      take(fresh);
      return fresh;
    },
  };
}
