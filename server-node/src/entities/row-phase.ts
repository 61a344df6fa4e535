/**
 * The phase of a row's fetches. The functions of this file are pure: they return the next phase, and the
 * caller acts on it.
 *
 * - `idle`: nothing is to be fetched
 * - `queued`: a fetch is due and has not begun
 * - `fetching`: a fetch is under way; `isRepeated`: fetch once more afterwards; `isOvertaken`: a newer row was put meanwhile
 * - `failed`: the last fetch failed; the next one is due at `retryAt` (ms of the caller's clock)
 */
export type Phase =
  | { readonly is: 'idle' }
  | { readonly is: 'queued'; readonly failures: number }
  | {
      readonly is: 'fetching';
      readonly failures: number;
      readonly isRepeated: boolean;
      readonly isOvertaken: boolean;
    }
  | { readonly is: 'failed'; readonly failures: number; readonly retryAt: number };

/** The wait before a failed fetch is repeated, in ms: doubled with each failure up to the maximum. */
const RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;

export const IDLE: Phase = { is: 'idle' };

/** The flags of the fetch that is under way; without one, both are false. */
export function flagsOf(phase: Phase): { readonly isRepeated: boolean; readonly isOvertaken: boolean } {
  return phase.is === 'fetching' ? phase : { isRepeated: false, isOvertaken: false };
}

/** The row is wanted, or has changed: a fetch must begin after this moment. */
export function need(phase: Phase): Phase {
  if (phase.is === 'idle') return { is: 'queued', failures: 0 };
  if (phase.is === 'fetching') return { ...phase, isRepeated: true };
  return { is: 'queued', failures: phase.failures };
}

/** A fetch begins. */
export function begin(phase: Phase): Phase {
  if (phase.is !== 'queued') return phase;
  return { is: 'fetching', failures: phase.failures, isRepeated: false, isOvertaken: false };
}

/** The application gave the row itself: a fetch that has begun may be older. One that is due may bring a change of another writer. */
export function put(phase: Phase): Phase {
  if (phase.is === 'fetching') return { ...phase, isOvertaken: true };
  return phase.is === 'queued' ? phase : IDLE;
}

/** The fetch brought a row. */
export function succeed(phase: Phase): Phase {
  return phase.is === 'fetching' && phase.isRepeated ? { is: 'queued', failures: 0 } : IDLE;
}

/**
 * The fetch failed.
 *
 * @param now ms of the caller's clock
 * @param jitter from 0 to 1
 */
export function fail(phase: Phase, now: number, jitter: number): Phase {
  if (phase.is !== 'fetching') return phase;
  const failures = phase.failures + 1;
  if (phase.isRepeated) return { is: 'queued', failures };
  if (phase.isOvertaken) return IDLE;
  const wait = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** phase.failures);
  return { is: 'failed', failures, retryAt: now + wait * (0.5 + jitter / 2) };
}

/** The time of the next attempt has come. */
export function retry(phase: Phase, now: number): Phase {
  return phase.is === 'failed' && now >= phase.retryAt ? { is: 'queued', failures: phase.failures } : phase;
}
