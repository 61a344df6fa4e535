import { CloseCode, isVeloxError, type ErrorCode } from '@velox/core/protocol';

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
