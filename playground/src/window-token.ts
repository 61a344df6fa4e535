import { randomId } from './random-id.js';

const KEY = 'velox-visitor';

/** For pages whose storage is blocked. */
const fallback = randomId();

/** The secret of this window, which names its visitor: each window is a visitor of its own, also after a reload. */
export function windowToken(): string {
  try {
    const token = sessionStorage.getItem(KEY) ?? fallback;
    sessionStorage.setItem(KEY, token);
    return token;
  } catch {
    return fallback;
  }
}
