import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWatchdog } from './watchdog.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
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

  it('waits longer for an announced message, and for that message alone', () => {
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

  it('sets few timers while it waits for an absurdly long message', () => {
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

  it('gives a link 5 s from the first of several probes without an answer', () => {
    const { onDead, ask, probe } = watch();
    probe();
    vi.advanceTimersByTime(4_000);
    probe();
    expect(ask).toHaveBeenCalledTimes(2); // the first question may have gone to a network that is no more
    vi.advanceTimersByTime(999);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDead).toHaveBeenCalledOnce();
  });

  it('gives a link 5 s to answer each probe after an answer, and each one after a sleep', () => {
    const { onDead, ask, feed, probe } = watch();
    probe();
    vi.advanceTimersByTime(4_000);
    feed();
    probe();
    vi.advanceTimersByTime(4_000);
    vi.setSystemTime(Date.now() + 3_600_000);
    probe(); // the page is shown before the late timer runs
    vi.advanceTimersByTime(1_000);
    expect(ask).toHaveBeenCalledTimes(4);
    vi.advanceTimersByTime(4_999);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDead).toHaveBeenCalledOnce();
  });

  it('does not give a link up by a probe while an announced message arrives', () => {
    const { onDead, feed, probe } = watch();
    feed(60_000);
    probe();
    vi.advanceTimersByTime(64_999);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDead).toHaveBeenCalledOnce();
  });

  it.each([-30_000, -3_600_000])('is not affected by a wall clock that is set by %d ms', (step) => {
    const { onDead, ask } = watch();
    vi.setSystemTime(Date.now() + step);
    vi.advanceTimersByTime(19_999);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDead).toHaveBeenCalledOnce();
    expect(ask).not.toHaveBeenCalled();
  });

  it('asks first when the page was frozen, so that the monotonic clock went on', () => {
    const { onDead, ask } = watch();
    const frozen = performance.now() + 60_000;
    const clock = vi.spyOn(performance, 'now').mockReturnValue(frozen);
    vi.advanceTimersByTime(5_000);
    clock.mockRestore();
    expect(ask).toHaveBeenCalledOnce();
    expect(onDead).not.toHaveBeenCalled();
  });

  it('reports silence after three late timers in a row, as in the background, where all timers are late', () => {
    const { onDead, ask, feed } = watch();
    const late = (): void => {
      vi.setSystemTime(Date.now() + 60_000);
      vi.advanceTimersByTime(5_000);
    };
    late();
    late();
    expect([ask.mock.calls.length, onDead.mock.calls.length]).toEqual([2, 0]);
    feed();
    late();
    late();
    expect(onDead).not.toHaveBeenCalled();
    late();
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
