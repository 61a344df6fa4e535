import { CloseCode, isVeloxError, VeloxError, type ErrorCode } from '@velox/core/protocol';

/** The close code of a WebSocket and the HTTP status for each error code. */
const CODES: { readonly [code in ErrorCode]?: readonly [close: number, status: number] } = {
  unauthorized: [CloseCode.unauthorized, 401],
  forbidden: [CloseCode.forbidden, 403],
  'bad-origin': [CloseCode.forbidden, 403],
  'name-taken': [CloseCode.forbidden, 403],
  unavailable: [CloseCode.unavailable, 503],
  'too-many': [CloseCode.tooMany, 429],
  'too-slow': [CloseCode.tooMany, 429],
  'too-large': [CloseCode.tooLarge, 413],
  timeout: [CloseCode.timeout, 408],
  'going-away': [CloseCode.goingAway, 503],
  'not-found': [CloseCode.badFrame, 404],
  'not-acceptable': [CloseCode.badFrame, 406],
  'unknown-session': [CloseCode.badFrame, 404],
};

export function closeCodeOf(error: unknown): number {
  if (!isVeloxError(error)) return CloseCode.internal;
  return CODES[error.code]?.[0] ?? CloseCode.badFrame;
}

export function statusOf(error: unknown): number {
  if (!isVeloxError(error)) return 500;
  return CODES[error.code]?.[1] ?? 400;
}

/** What clients read if the server fails. The fault itself may be secret. */
export const INTERNAL = { code: 'internal', message: 'The server failed.' } as const;

/** The refusal of a hub that is closed. */
export const goingAway = (): VeloxError => new VeloxError('going-away', 'the server goes away.');

/** The longest reason of a close frame, in bytes (RFC 6455 §5.5). */
const LONGEST_REASON = 123;

/** Returns the beginning of a code that fits into a close frame. An application may end a session with any text. */
export function closeReasonOf(code: string): string {
  const { read } = new TextEncoder().encodeInto(code, new Uint8Array(LONGEST_REASON));
  return code.slice(0, read);
}
