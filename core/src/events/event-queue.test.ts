import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEventQueue } from './event-queue.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const all = (): boolean => true;

function setUp() {
  const dropped: number[] = [];
  const queue = createEventQueue((count) => dropped.push(count));
  const add = (...data: unknown[]): void =>
    data.forEach((each) => queue.add(`{"data":${JSON.stringify(each)}`));
  /** The number of the last event on this link. */
  let last = 0;
  const take = (count = Infinity): [data: unknown, seq: number][] =>
    queue.take(count).map((text) => {
      const { data, seq } = JSON.parse(text) as { data: unknown; seq?: number };
      expect(seq === undefined).toBe(last > 0); // the first one of a link carries its number, and no other
      return [data, (last = seq ?? last + 1)];
    });
  const resume = (isSame = true, ack = 0, fits: (text: string) => boolean = all) => {
    queue.resume(isSame, ack, fits);
    last = 0;
    return take();
  };
  return { queue, dropped, add, take, resume };
}
const from = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('a queue of events', () => {
  it('numbers events and resends unacknowledged ones', () => {
    const { queue, add, take, resume } = setUp();
    resume(false);
    add(1, 2);
    expect(take()).toEqual([[1, 1], [2, 2]]); // prettier-ignore
    expect(take()).toEqual([]);
    add(3);
    expect(take()).toEqual([[3, 3]]);
    queue.acknowledge(1);
    queue.suspend();
    expect(resume(true, 2)).toEqual([[3, 3]]);
    queue.acknowledge(3);
    queue.suspend();
    expect(resume(true, 3)).toEqual([]);
    add(4);
    expect(take()).toEqual([[4, 4]]);
  });

  it('numbers anew for another session', () => {
    const { queue, add, take, resume } = setUp();
    resume(false);
    add(1, 2, 3);
    take();
    queue.acknowledge(1);
    queue.suspend();
    expect(resume(false)).toEqual([[2, 1], [3, 2]]); // prettier-ignore
    queue.suspend();
    expect(resume(true, 2)).toEqual([]);
  });

  it.each([-1, 0, 4, 1e9])('is not confused by an acknowledgement of %d', (ack) => {
    const { queue, add, take, resume } = setUp();
    resume(false);
    add(1, 2, 3);
    take();
    queue.acknowledge(ack);
    expect(queue.size()).toBe(ack > 0 ? 0 : 3);
    add(4);
    expect(take()).toEqual([[4, 4]]);
  });

  it('gives as many as asked for, and no more than 1,000 that are not acknowledged', () => {
    const { queue, add, take, resume, dropped } = setUp();
    resume(false);
    add(...from(1, 500));
    expect(take(2)).toEqual([[1, 1], [2, 2]]); // prettier-ignore
    expect(take()).toHaveLength(498);
    add(...from(501, 1_600));
    expect(take()).toHaveLength(500);
    expect(take()).toEqual([]);
    queue.acknowledge(100);
    expect(take().map(([data]) => data)).toEqual(from(1_001, 1_100).map((data) => data + dropped.length));
  });

  it('drops the oldest of more than 1,000 that wait, and none that is on its way', () => {
    const { queue, add, take, resume, dropped } = setUp();
    resume(false);
    add(...from(1, 1_000));
    take();
    add(...from(1_001, 2_003));
    expect(dropped).toEqual([1, 1, 1]);
    expect(queue.size()).toBe(2_000);
    queue.suspend();
    expect(resume(true, 1_000)).toEqual(from(1_004, 2_003).map((data, index) => [data, 1_001 + index]));
  });

  it('never uses a number of the same session again', () => {
    const { queue, add, take, resume, dropped } = setUp();
    resume(false);
    add(1, 2);
    take();
    queue.suspend();
    vi.advanceTimersByTime(15_000);
    expect(dropped).toEqual([2]);
    add(3);
    expect(resume()).toEqual([[3, 3]]);
  });

  it('drops events that wait for 15 s without a link', () => {
    const { add, dropped } = setUp();
    add(1);
    vi.advanceTimersByTime(4_000);
    add(2);
    vi.advanceTimersByTime(10_999);
    expect(dropped).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(dropped).toEqual([1]);
    vi.advanceTimersByTime(4_000);
    expect(dropped).toEqual([1, 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts the time from the loss of the link', () => {
    const { queue, add, take, resume, dropped } = setUp();
    resume(false);
    add(1);
    take();
    vi.advanceTimersByTime(60_000);
    queue.suspend();
    vi.advanceTimersByTime(14_999);
    expect(resume()).toEqual([[1, 1]]);
    vi.advanceTimersByTime(60_000);
    expect(dropped).toEqual([]);
  });

  it('counts the time from the first loss, so an event that ends every link expires', () => {
    const { queue, add, resume, dropped } = setUp();
    resume(false);
    add('poison');
    for (let second = 0; second < 15; second++) {
      queue.suspend();
      vi.advanceTimersByTime(1_000);
      resume();
    }
    expect(dropped).toEqual([1]);
    expect(queue.size()).toBe(0);
  });

  it('drops after a sleep, in which no timer ran', () => {
    const { queue, add, resume, dropped } = setUp();
    resume(false);
    add(1);
    queue.suspend();
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_600_000);
    expect(resume()).toEqual([]);
    expect(dropped).toEqual([1]);
    vi.restoreAllMocks();
  });

  it.each([-3_600_000, 3_600_000])('keeps its events when the wall clock is set by %d ms', (step) => {
    const { queue, add, take, resume, dropped } = setUp();
    resume(false);
    add(1, 2);
    take(1);
    vi.setSystemTime(Date.now() + step);
    queue.suspend();
    vi.advanceTimersByTime(500);
    vi.setSystemTime(Date.now() - 2 * step);
    vi.advanceTimersByTime(14_499);
    expect(resume()).toEqual([[1, 1], [2, 2]]); // prettier-ignore
    expect(dropped).toEqual([]);
    add(3);
    expect(take()).toEqual([[3, 3]]);
  });

  it('drops what another session does not take', () => {
    const { queue, add, resume, dropped } = setUp();
    resume(false);
    add('short', 'too long', 'short');
    queue.suspend();
    expect(resume(false, 0, (text) => !text.includes('too long'))).toEqual([['short', 1], ['short', 2]]); // prettier-ignore
    expect(dropped).toEqual([1]);
  });

  it('is quiet once it was cleared', () => {
    const { queue, add, dropped } = setUp();
    add(1);
    queue.clear();
    expect(vi.getTimerCount()).toBe(0);
    expect([queue.size(), dropped]).toEqual([0, []]);
  });
});
