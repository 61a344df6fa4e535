import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoff, createWatchdog } from './timing.js';

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

  it('is capped at 20 s where nobody looks', () => {
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

describe('watchdog', () => {
  const watch = (limit = 20_000) => {
    const onDead = vi.fn();
    const ask = vi.fn();
    const watchdog = createWatchdog(onDead, ask);
    watchdog.start(limit);
    return { ...watchdog, onDead, ask };
  };

  it('reports silence once, when the limit has passed', () => {
    const { onDead, ask } = watch();
    vi.advanceTimersByTime(19_999);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDead).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(100_000);
    expect(onDead).toHaveBeenCalledOnce();
    expect(ask).not.toHaveBeenCalled();
  });

  it('counts from the last byte', () => {
    const { onDead, feed } = watch();
    for (let i = 0; i < 10; i++) {
      vi.advanceTimersByTime(19_000);
      feed();
    }
    vi.advanceTimersByTime(19_999);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDead).toHaveBeenCalledOnce();
  });

  it('waits longer for what was announced, but only for the next thing', () => {
    const { onDead, feed } = watch();
    feed(60_000);
    vi.advanceTimersByTime(79_999);
    expect(onDead).not.toHaveBeenCalled();
    feed();
    vi.advanceTimersByTime(19_999);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDead).toHaveBeenCalledOnce();
  });

  it('is not busy while it waits for something absurd', () => {
    const { onDead, feed } = watch();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    feed(1e12);
    vi.advanceTimersByTime(60_000);
    expect(timers.mock.calls.length).toBeLessThan(15);
    expect(onDead).not.toHaveBeenCalled();
  });

  it('asks first when its timer is late, and takes an answer', () => {
    const { onDead, ask, feed } = watch();
    vi.setSystemTime(Date.now() + 3_600_000); // an hour of sleep, in which no timer ran
    vi.advanceTimersByTime(5_000);
    expect(ask).toHaveBeenCalledOnce();
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(4_000);
    feed();
    vi.advanceTimersByTime(19_999);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDead).toHaveBeenCalledOnce();
  });

  it('gives a link 5 s to answer a probe', () => {
    const { onDead, ask, probe } = watch();
    vi.advanceTimersByTime(10_000);
    probe();
    expect(ask).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(4_999);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDead).toHaveBeenCalledOnce();
  });

  it('does not probe a message to death that was announced', () => {
    const { onDead, feed, probe } = watch();
    feed(60_000);
    probe();
    vi.advanceTimersByTime(64_999);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDead).toHaveBeenCalledOnce();
  });

  it('survives a clock that is set back, and notices silence all the same', () => {
    const { onDead } = watch();
    vi.setSystemTime(Date.now() - 30_000);
    vi.advanceTimersByTime(20_000);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(30_000);
    expect(onDead).toHaveBeenCalledOnce();
  });

  it('counts anew when the clock is set back, however far', () => {
    const { onDead } = watch();
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(24_999);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDead).toHaveBeenCalledOnce();
  });

  it('is quiet once stopped', () => {
    const { onDead, stop } = watch();
    stop();
    vi.advanceTimersByTime(100_000);
    expect(onDead).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
