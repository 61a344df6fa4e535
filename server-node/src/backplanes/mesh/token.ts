import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** By how much the clocks of two nodes may differ, in ms. */
const SKEW_MS = 60_000;

const sign = (secret: string, text: string): Buffer =>
  createHmac('sha256', secret).update(`velox mesh ${text}`).digest();

/** Proves that this node has the secret, without sending it. */
export function createToken(secret: string, now: number = Date.now()): string {
  const text = `${now}.${randomBytes(12).toString('base64url')}`;
  return `${text}.${sign(secret, text).toString('base64url')}`;
}

export function isTokenValid(secret: string, token: string, now: number = Date.now()): boolean {
  const [time, nonce, signature = ''] = token.split('.');
  const given = Buffer.from(signature, 'base64url');
  const expected = sign(secret, `${time}.${nonce}`);
  return (
    given.length === expected.length &&
    timingSafeEqual(given, expected) &&
    Math.abs(now - Number(time)) <= SKEW_MS
  );
}
