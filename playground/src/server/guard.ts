import { STATUS_CODES } from 'node:http';
import { isIP } from 'node:net';
import type { ErrorRequestHandler, RequestHandler } from 'express';

/**
 * Serves only requests to hosts that the server was started for: `localhost`, IP addresses and `names`. A page whose own name is
 * bound to this address later (DNS rebinding) could otherwise read everything here.
 */
export function onlyHosts(...names: string[]): RequestHandler {
  const known = new Set(['localhost', ...names.map((name) => name.toLowerCase())]);
  return (request, response, next) => {
    const host = hostOf(request.headers.host);
    if (host !== undefined && (known.has(host) || isIP(host) !== 0)) next();
    else response.status(421).type('text').send('This host is not served here. Start with HOST=<name>.\n');
  };
}

/** Answers errors with their status alone: a stack trace shows paths of this machine. */
export const withoutDetails: ErrorRequestHandler = (error: { status?: number }, _, response, next) => {
  if (response.headersSent) return next(error);
  const status = STATUS_CODES[error.status ?? 0] ? (error.status as number) : 500;
  response.status(status).type('text').send(`${STATUS_CODES[status]}\n`);
};

/** The name or address in a Host header, without port and brackets. */
function hostOf(header: string | undefined): string | undefined {
  if (!header || /[/@?#\\]/.test(header)) return undefined;
  try {
    return new URL(`http://${header}`).hostname.replace(/^\[(.*)\]$/, '$1');
  } catch {
    return undefined;
  }
}
