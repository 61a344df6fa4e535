/** Every code that a {@link VeloxError} can carry. PROTOCOL.md says which of them travel on the wire. */
export type ErrorCode =
  // a peer sent something that the protocol does not allow
  | 'bad-frame'
  | 'bad-patch'
  | 'unsafe-key'
  | 'too-large'
  | 'too-long'
  | 'unsupported-version'
  // a request that the endpoint does not serve
  | 'not-found'
  | 'bad-method'
  | 'not-acceptable'
  | 'bad-origin'
  | 'unauthorized'
  | 'forbidden'
  | 'too-many'
  | 'name-taken'
  | 'too-slow'
  | 'timeout'
  | 'unknown-session'
  | 'not-supported'
  | 'upgrade-unavailable'
  | 'unavailable'
  | 'going-away'
  // the application did something that a state does not allow
  | 'not-json'
  | 'too-deep'
  | 'draft-revoked'
  | 'stale-object'
  | 'async-recipe'
  | 'state-owned'
  | 'state-watched'
  | 'state-frozen'
  | 'not-live'
  | 'in-doubt'
  | 'bad-option'
  | 'closed'
  // a client cannot be set up
  | 'no-transport'
  | 'no-auth'
  | 'bad-url'
  // the code that a client loads on need is missing
  | 'not-loaded';

/**
 * The one error class of Velox. `message` reads `velox: what happened. what to do.`; in a page's production bundle, most errors of the client
 * read `velox: <code>`. `code` is for programs.
 *
 * @example
 * try { state.update(recipe) } catch (error) { if (isVeloxError(error, 'not-json')) … }
 */
export class VeloxError extends Error {
  override readonly name = 'VeloxError';
  declare readonly code: ErrorCode;

  /** @param message default: the code */
  constructor(code: ErrorCode, message: string | false, options?: ErrorOptions) {
    super(`velox: ${message || code}`, options);
    this.code = code;
  }
}

/** Whether `error` is a {@link VeloxError}, and, when `code` is given, one with that code. */
export function isVeloxError(error: unknown, code?: ErrorCode): error is VeloxError {
  return error instanceof VeloxError && (code === undefined || error.code === code);
}

/**
 * Reports an error of a callback, or of the server, that no promise carries to the application: with `reportError`, or in the console of hosts
 * that lack it. An uncaught exception would end a Node process.
 */
export function report(error: unknown): void {
  (globalThis.reportError ?? console.error)(error);
}
