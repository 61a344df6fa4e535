import type { CredentialsOptions } from './credentials.js';
import { VeloxError } from '../protocol/error.js';

/**
 * Asks the application for headers and token.
 *
 * @param sent gets the headers. It is the same object for all links, so requests that follow send a renewed token.
 * @returns the token, if there is one
 */
export async function askCredentials(
  { headers, auth, authHeader = 'authorization' }: CredentialsOptions,
  sent: Record<string, string>,
): Promise<string | undefined> {
  const [given, token] = await Promise.all([typeof headers === 'function' ? headers() : headers, auth?.()]);
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
    throw new VeloxError('no-auth', 'renew() has no token to ask for. Pass `auth` to connect().');
  return askCredentials(options, sent);
}
