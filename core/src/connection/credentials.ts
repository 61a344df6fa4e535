/** How a connection proves who it is. */
export interface CredentialsOptions {
  /**
   * Sent with each request, if the transport can: a browser's WebSocket cannot. They replace credentials in the URL, and the token of
   * `auth` replaces a header of its name. A function is called before each attempt; if it throws, rejects, or does not answer in 10 s,
   * the attempt fails with the reason `auth`.
   */
  readonly headers?: HeadersSource | undefined;
  /**
   * Gives the token of each attempt. If the server refuses one, it is called once more before we give up. A token travels in the open
   * frame and in the header `authHeader`, never in a URL. If it throws, rejects, or does not answer in 10 s, the attempt fails with
   * the reason `auth`.
   */
  readonly auth?: (() => string | Promise<string>) | undefined;
  /**
   * The header that carries `Bearer <token>`. Default `authorization`. Name another one if a proxy needs that header for itself;
   * `authorize` on the server then finds it in `request.headers`.
   */
  readonly authHeader?: string | undefined;
}

export type Headers = Readonly<Record<string, string>>;
type HeadersSource = Headers | (() => Headers | Promise<Headers>);

/** The headers and the token of one connection, as of the last time that the application was asked. */
export interface Credentials {
  /** The same object for all links, so requests that follow send a renewed token. */
  readonly headers: Record<string, string>;
  token?: string | undefined;
  /** The token with which the last link opened. */
  opened?: string | undefined;
  /** The number of the question whose answer they are. */
  question?: number;
}
