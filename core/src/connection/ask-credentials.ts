import { EXPLAINED } from '#development';
import type { Credentials, CredentialsOptions } from './credentials.js';
import { VeloxError } from '../protocol/error.js';
import type { Reason } from '../replicas/status.js';

/** The tokens that every transport can carry: printable ASCII, without a space at either end (RFC 9110 §5.5). */
const TOKEN = /^[!-~]([ -~]*[!-~])?$/;

/** How many times applications were asked. */
let questions = 0;

/**
 * Asks the application for headers and token, before an attempt.
 *
 * @param credentials gets them. Its headers are the same object for all links, so requests that follow send a renewed token.
 * @returns why the attempt fails, if the application throws or if no header can carry the token
 */
export async function askCredentials(
  options: CredentialsOptions,
  credentials: Credentials,
): Promise<Reason | undefined> {
  await Promise.resolve(); // the application is not called from within the connection
  try {
    await ask(options, credentials);
    credentials.opened = credentials.token;
    return undefined;
  } catch (error) {
    return { code: 'auth', message: `${error as Error}` };
  }
}

/**
 * The same for an open link.
 *
 * @returns the text of the frame that renews it
 * @throws VeloxError `no-auth`, and any error of the application.
 */
export async function renewToken(options: CredentialsOptions, credentials: Credentials): Promise<string> {
  if (!options.auth)
    throw new VeloxError(
      'no-auth',
      EXPLAINED && 'renew() has no token to ask for. Pass `auth` to connect().',
    );
  await ask(options, credentials);
  return JSON.stringify({ auth: credentials.token });
}

/**
 * Calls of `auth` may overlap: several renewals, or a renewal and an attempt. An answer is ignored if a later call was answered already,
 * because the later answer is the newer token.
 *
 * @throws VeloxError `bad-option` if a header cannot carry the token: a WebSocket could, and the next transport would be refused.
 */
async function ask(
  { headers, auth, authHeader = 'authorization' }: CredentialsOptions,
  credentials: Credentials,
): Promise<void> {
  const question = ++questions;
  const [given, token] = await Promise.all([
    (async () => (typeof headers === 'function' ? headers() : headers))(),
    (async () => auth?.())(), // may throw, and the rejection of `headers` must have a handler then
  ]);
  if (token && !(typeof token === 'string' && TOKEN.test(token)))
    throw new VeloxError('bad-option', 'no header can carry the token of `auth`. Return printable ASCII.');
  if (question < credentials.question!) return; // false before the first answer
  credentials.question = question;
  const sent = credentials.headers;
  for (const name of Object.keys(sent)) delete sent[name];
  Object.assign(sent, given, token && { [authHeader]: `Bearer ${token}` });
  credentials.token = token || undefined; // storage without a token gives null
}
