import { now } from '../platform/clock.js';
import { isHidden } from '../platform/page.js';
import { isOffline } from '../platform/watch-page.js';
import { report } from '../protocol/error.js';
import { LONGEST_TIMER_MS } from '../protocol/timer.js';
import type { Tries } from './tries.js';

/** How long after a loss the transport that worked is tried alone, in ms. */
const LOYALTY_MS = 3_000;
/** The shortest time from one attempt to the next, in ms, even if the server or the application asks for less. */
const MIN_INTERVAL_MS = 100;
/** How often an attempt is made although the browser claims that there is no network, in ms. */
const OFFLINE_INTERVAL_MS = 20_000;

/** When to connect again after a loss, and how often. */
export interface Retry {
  /**
   * Ms to wait before the next attempt; at least 100 ms pass between two. If it throws, the error is reported and the default applies.
   * Default: exponential back-off with full jitter, from 0 to a bound. The bound doubles from 100 ms up to 1 s in the first 10 s after a
   * loss, later up to 5 s, and up to 20 s in a hidden page.
   *
   * @param failures attempts since the last link that served for 5 s
   * @param elapsed ms since the loss
   */
  readonly delay?: ((failures: number, elapsed: number) => number) | undefined;
  /** After so many attempts without success the status is `closed`, until `reconnect`. Default: no end. */
  readonly maxAttempts?: number | undefined;
}

/**
 * Exponential back-off with full jitter: any delay from 0 to a bound is equally likely. The bound doubles from 100 ms up to 1 s in the
 * first 10 s after a loss, then 5 s, and 20 s in a hidden page.
 *
 * @param failures attempts since the last success
 * @param elapsed ms since the loss
 * @returns how long to wait before the next attempt, in ms
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoff(failures: number, elapsed: number): number {
  const cap = isHidden() ? 20_000 : elapsed < 10_000 ? 1_000 : 5_000;
  return Math.random() * doubled(100, failures, cap);
}

/**
 * The shortest time from one attempt to the next while the default back-off applies, in ms: doubles from 50 ms up to 500 ms. With full
 * jitter alone, links that fail immediately would follow each other too quickly.
 */
function backoffInterval(failures: number): number {
  return doubled(50, failures, 500);
}

const doubled = (first: number, times: number, most: number): number => Math.min(first * 2 ** times, most);

/** Says how long to wait for the next attempt. */
export interface RetryPolicy {
  /** Whether the loss is so fresh that a failure is more likely the network's than the transport's. */
  readonly isFresh: () => boolean;
  /** Whether all attempts that are allowed were made. */
  readonly isSpent: () => boolean;
  /**
   * Ms until the next attempt; undefined if the application makes it.
   *
   * @param told the delay that the server asks for
   */
  readonly delay: (told?: number | false) => number | undefined;
}

/** Creates the policy of one connection, whose attempts it reads. */
export function createRetryPolicy(retry: Retry | 'manual' = {}, tries: () => Tries): RetryPolicy {
  const { delay, maxAttempts = Infinity } = retry as Retry; // a text has neither

  const ask = (elapsed: number): number => {
    try {
      return delay?.(tries().count, elapsed) ?? NaN;
    } catch (error) {
      report(error);
      return NaN;
    }
  };

  return {
    isFresh: () => now() - tries().lostAt! < LOYALTY_MS, // NaN before the first: no
    isSpent: () => tries().count >= maxAttempts,
    delay(told) {
      const { count, begunAt = 0 } = tries();
      const elapsed = now() - (tries().lostAt ??= now());
      if (retry === 'manual') return undefined;
      const wanted = (told as number | undefined) ?? (isOffline() ? OFFLINE_INTERVAL_MS : ask(elapsed));
      const isGiven = wanted >= 0; // NaN is none
      const interval = isGiven ? MIN_INTERVAL_MS : backoffInterval(count);
      const ms = isGiven ? wanted : backoff(count, elapsed);
      return Math.min(Math.max(ms, begunAt + interval - now()), LONGEST_TIMER_MS);
    },
  };
}
