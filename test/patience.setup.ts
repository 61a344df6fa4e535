import { vi } from 'vitest';

/** For how long `vi.waitFor` and `vi.waitUntil` try by default, in ms: Vitest's own second is too short on a busy machine. */
const timeout = 15_000;

const { waitFor, waitUntil } = vi;
vi.waitFor = (callback, options) =>
  waitFor(callback, typeof options === 'number' ? options : { timeout, ...options });
vi.waitUntil = (callback, options) =>
  waitUntil(callback, typeof options === 'number' ? options : { timeout, ...options });
