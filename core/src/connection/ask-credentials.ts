import { EXPLAINED } from '#development';
import type { CredentialsOptions } from './credentials.js';
import { VeloxError } from '../protocol/error.js';

/** The tokens that every transport can carry: printable ASCII, without a space at either end (RFC 9110 §5.5). */
const TOKEN = /^[!-~]([ -~]*[!-~])?$/;

/**
 * Asks the application for headers and token.
 *
 * @param sent gets the headers. It is the same object for all links, so requests that follow send a renewed token.
 * @returns the token, if there is one
 * @throws VeloxError `bad-option` if a header cannot carry the token: a WebSocket could, and the next transport would be refused.
 */
export async function askCredentials(
  { headers, auth, authHeader = 'authorization' }: CredentialsOptions,
  sent: Record<string, string>,
): Promise<string | undefined> {
  const [given, token] = await Promise.all([typeof headers === 'function' ? headers() : headers, auth?.()]);
  if (token && !TOKEN.test(token))
    throw new VeloxError('bad-option', 'no header can carry the token of `auth`. Return printable ASCII.');
  for (const name of Object.keys(sent)) delete sent[name];
  Object.assign(sent, given, token && { [authHeader]: `Bearer ${token}` });
  return token;
}

/**
 * The same, for a link that lives.
 *
 * @throws VeloxError `no-auth`.
 */
export async function renewToken(
  options: CredentialsOptions,
  sent: Record<string, string>,
): Promise<string | undefined> {
  if (!options.auth)
    throw new VeloxError(
      'no-auth',
      EXPLAINED && 'renew() has no token to ask for. Pass `auth` to connect().',
    );
  return askCredentials(options, sent);
}
