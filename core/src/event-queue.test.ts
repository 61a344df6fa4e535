import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEventQueue } from './event-queue.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const dropped: number[] = [];
  const queue = createEventQueue((count) => dropped.push(count));
  const seqs = (isSame = true, ack = 0): number[] => queue.resume(isSame, ack).map(({ seq }) => seq);
  return { queue, dropped, seqs };
}

describe('a queue of events', () => {
  it('numbers them, and gives again what is not acknowledged', () => {
    const { queue, seqs } = setUp();
    queue.resume(false, 0);
    expect(queue.add('a', 1)).toEqual({ event: 'a', data: 1, seq: 1 });
    expect(queue.add('a', 2)).toEqual({ event: 'a', data: 2, seq: 2 });
    queue.add('b', 3);
    queue.acknowledge(1);
    queue.suspend();
    expect(queue.resume(true, 2)).toEqual([{ event: 'b', data: 3, seq: 3 }]);
    queue.acknowledge(3);
    expect(seqs(true, 3)).toEqual([]);
    expect(queue.add('c', 4).seq).toBe(4);
  });

  it('numbers anew for another session', () => {
    const { queue, seqs } = setUp();
    queue.resume(false, 0);
    for (const data of [1, 2, 3]) queue.add('a', data);
    queue.acknowledge(1);
    queue.suspend();
    expect(queue.resume(false, 0)).toEqual([
      { event: 'a', data: 2, seq: 1 },
      { event: 'a', data: 3, seq: 2 },
    ]);
    expect(seqs(true, 2)).toEqual([]);
  });

  it.each([-1, 0, 4, 1e9])('is not confused by an acknowledgement of %d', (ack) => {
    const { queue } = setUp();
    queue.resume(false, 0);
    for (const data of [1, 2, 3]) queue.add('a', data);
    queue.acknowledge(ack);
    expect(queue.size()).toBe(ack > 0 ? 0 : 3);
    expect(queue.add('a', 4).seq).toBe(4);
  });

  it('drops the oldest of more than 1,000, whose numbers are not used again', () => {
    const { queue, dropped, seqs } = setUp();
    queue.resume(false, 0);
    for (let data = 1; data <= 1_003; data++) queue.add('a', data);
    expect(dropped).toEqual([1, 1, 1]);
    expect(seqs()).toHaveLength(1_000);
    expect(seqs().slice(0, 2)).toEqual([4, 5]);
  });

  it('drops what waits for 15 s without a link', () => {
    const { queue, dropped } = setUp();
    queue.add('a', 1);
    vi.advanceTimersByTime(4_000);
    queue.add('a', 2);
    vi.advanceTimersByTime(10_999);
    expect(dropped).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(dropped).toEqual([1]);
    vi.advanceTimersByTime(4_000);
    expect(dropped).toEqual([1, 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts the time from the loss of the link', () => {
    const { queue, dropped, seqs } = setUp();
    queue.resume(false, 0);
    queue.add('a', 1);
    vi.advanceTimersByTime(60_000);
    queue.suspend();
    vi.advanceTimersByTime(14_999);
    expect(seqs()).toEqual([1]);
    vi.advanceTimersByTime(60_000);
    expect(dropped).toEqual([]);
  });

  it('drops after a sleep, in which no timer ran', () => {
    const { queue, dropped, seqs } = setUp();
    queue.resume(false, 0);
    queue.add('a', 1);
    queue.suspend();
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(seqs()).toEqual([]);
    expect(dropped).toEqual([1]);
  });

  it('is quiet once it was cleared', () => {
    const { queue, dropped } = setUp();
    queue.add('a', 1);
    queue.clear();
    expect(vi.getTimerCount()).toBe(0);
    expect([queue.size(), dropped]).toEqual([0, []]);
  });
});
