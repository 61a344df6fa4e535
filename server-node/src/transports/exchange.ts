import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '@velox/core/protocol';
import type { Credentials } from '../access/admission.js';
import type { RequestHead } from './request-head.js';
import { INTERNAL } from '../wire/codes.js';
import type { Outlet } from '../wire/outlet.js';

type Headers = Readonly<Record<string, string>>;

/** A whole HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** The bytes of the body, if many answers share them. */
  readonly bytes?: Buffer;
  /** The result of the exchange, for the promise of `handle`. */
  readonly outcome: string;
}

export interface StreamOptions {
  /** Whether it may be compressed if the client accepts that. */
  readonly isCompressible: boolean;
  /** That of its outlet. */
  readonly onDrain: () => void;
  /** Called once, and never within a call of the outlet. */
  readonly onClose: (reason: string) => void;
}

/** One HTTP exchange, as transports see it; node:http or a web-standard server is behind it. */
export interface Exchange {
  readonly request: IncomingMessage | Request;
  readonly head: RequestHead;
  /**
   * The body of the request: as text, or the parsed value if a body parser ran before.
   *
   * @throws VeloxError `too-large` when it has more than `limit` bytes.
   */
  body(limit: number): Promise<unknown>;
  /** Answers whole. `headers` belong on every answer. */
  answer(answer: Answer, headers: Headers): void;
  /** Answers with an event stream, from its first write on. */
  stream(headers: Headers, options: StreamOptions): Outlet;
  /** Calls back when the peer goes before it was answered. */
  onAbort(callback: () => void): void;
}

/** The identity data of an exchange, except for a token in a frame. */
export function credentialsOf({ request, head }: Exchange): Omit<Credentials, 'token'> {
  return { request, header: head.header };
}

/** A coded refusal: `{"error":{"code","message"}}`. */
export function refuse(
  status: number,
  code: ErrorCode | typeof INTERNAL.code,
  message: string,
  headers?: Headers,
): Answer {
  return {
    status,
    headers: { ...JSON_HEADERS, ...headers },
    body: JSON.stringify({ error: { code, message } }),
    outcome: code,
  };
}

/** The head of an answer in JSON that is for this moment only. */
export const JSON_HEADERS: Headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** The answer to a request that no handler knows. */
export const NOTHING: Answer = refuse(404, 'not-found', 'There is nothing here.');

/** The answer to a request if the server fails. */
export const FAILED: Answer = refuse(500, INTERNAL.code, INTERNAL.message);
