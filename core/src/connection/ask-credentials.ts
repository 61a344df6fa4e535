import { EXPLAINED } from '#development';
import type { Credentials, CredentialsOptions } from './credentials.js';
import { VeloxError } from '../protocol/error.js';

/** The tokens that every transport can carry: printable ASCII, without a space at either end (RFC 9110 §5.5). */
const TOKEN = /^[!-~]([ -~]*[!-~])?$/;

/** How many times applications were asked. */
let questions = 0;

/**
 * Asks the application for headers and token.
 *
 * Calls of `auth` may overlap: several renewals, or a renewal and an attempt. An answer is ignored if a later call was answered already,
 * because the later answer is the newer token.
 *
 * @param credentials gets them. Its headers are the same object for all links, so requests that follow send a renewed token.
 * @throws any error of the application, and VeloxError `bad-option` if a header cannot carry the token: a WebSocket could, and the next
 *   transport would be refused.
 */
export async function askCredentials(
  { headers, auth, authHeader = 'authorization' }: CredentialsOptions,
  credentials: Credentials,
): Promise<void> {
  const question = ++questions;
  // The application is not called from within the connection, and either function may throw.
  const turn = Promise.resolve();
  const [given, token] = await Promise.all([
    typeof headers === 'function' ? turn.then(headers) : headers,
    turn.then(auth),
  ]);
  if (token && !(typeof token === 'string' && TOKEN.test(token)))
    throw new VeloxError(
      'bad-option',
      EXPLAINED && 'no header can carry the token of `auth`. Return printable ASCII.',
    );
  if (question < credentials.question!) return; // false before the first answer
  credentials.question = question;
  const sent = credentials.headers;
  for (const name of Object.keys(sent)) delete sent[name];
  Object.assign(sent, given, token && { [authHeader]: `Bearer ${token}` });
  credentials.token = token || undefined; // storage without a token gives null
}

/**
 * The same for an open link.
 *
 * @returns the text of the frame that renews it
 * @throws VeloxError `no-auth`, and any error of the application.
 */
export async function renewToken(options: CredentialsOptions, credentials: Credentials): Promise<string> {
  if (options.auth) await askCredentials(options, credentials);
  if (!credentials.token)
    throw new VeloxError(
      'no-auth',
      EXPLAINED &&
        'renew() got no token. Pass `auth` to connect(), or call reconnect() to go on without one.',
    );
  return JSON.stringify({ auth: credentials.token });
}
