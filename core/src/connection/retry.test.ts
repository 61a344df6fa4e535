import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoff, createRetryPolicy, type Retry } from './retry.js';
import { untried } from './tries.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('backoff', () => {
  it('doubles its bound from 100 ms, to 1 s in the first 10 s after a loss, then to 5 s', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const soon = Array.from({ length: 7 }, (_, failures) => backoff(failures, 9_999));
    expect(soon).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
    expect([backoff(7, 10_000), backoff(2_000, 1e9)]).toEqual([5_000, 5_000]);
  });

  it('is capped at 20 s in a hidden page', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    vi.stubGlobal('document', { hidden: true });
    const delays = Array.from({ length: 12 }, (_, failures) => backoff(failures, 0));
    expect(delays.slice(0, 8)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800]);
    expect(delays.slice(8)).toEqual([20_000, 20_000, 20_000, 20_000]);
  });

  it('has full jitter: any share of the bound, from 0', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })), (dice) => {
        const random = vi.spyOn(Math, 'random');
        dice.forEach((die) => random.mockReturnValueOnce(die));
        dice.forEach((die, i) => expect(backoff(i, 0)).toBe(die * Math.min(100 * 2 ** i, 1_000)));
      }),
      { numRuns: 200 },
    );
  });
});

/** A policy and its inputs. */
function setUp(retry?: Retry | 'manual') {
  const tries = untried();
  const begin = (): void => {
    tries.count++;
    tries.begunAt = performance.now();
  };
  return { tries, begin, ...createRetryPolicy(retry, () => tries) };
}

describe('a retry policy', () => {
  it('starts attempts at least 100 ms apart, even if the server or the application asks for less', () => {
    const { begin, delay } = setUp({ delay: () => 0 });
    begin();
    expect([delay(), delay(0)]).toEqual([100, 100]);
    vi.advanceTimersByTime(30);
    expect([delay(), delay(0), delay(5_000)]).toEqual([70, 70, 5_000]);
    vi.advanceTimersByTime(70);
    expect([delay(), delay(0)]).toEqual([0, 0]);
  });

  it('leaves half of the bound between two attempts by default', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { begin, delay } = setUp();
    const delays = Array.from({ length: 6 }, () => {
      begin();
      return delay();
    });
    expect(delays).toEqual([100, 200, 400, 500, 500, 500]);
  });

  it('reports a delay that throws, and waits as usual', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const error = new Error('mine');
    const { begin, delay } = setUp({
      delay() {
        throw error;
      },
    });
    begin();
    begin();
    expect(delay()).toBe(400);
    expect(report).toHaveBeenCalledExactlyOnceWith(error);
  });

  it('measures by a clock that is never set', () => {
    const given = vi.fn(() => 1_000);
    const { begin, delay, isFresh } = setUp({ delay: given });
    begin();
    delay();
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(isFresh()).toBe(true);
    vi.advanceTimersByTime(3_000);
    vi.setSystemTime(Date.now() + 7_200_000);
    expect(isFresh()).toBe(false);
    delay();
    expect(given.mock.calls).toEqual([
      [1, 0],
      [1, 3_000],
    ]);
  });

  it('makes an attempt every 20 s without a network', () => {
    vi.stubGlobal('navigator', { onLine: false });
    const { begin, delay } = setUp();
    begin();
    expect(delay()).toBe(20_000);
  });

  it('leaves manual attempts to the application', () => {
    expect(setUp('manual').delay()).toBeUndefined();
  });
});
