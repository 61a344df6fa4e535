import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventOptions } from '../connection/options.js';
import { createEventQueue, type EventQueue, type Ticket } from './event-queue.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Another session takes every frame, or none. */
const all = (): void => undefined;
const none = (): never => {
  throw new Error('too large');
};

function setUp(options?: EventOptions) {
  const dropped: number[] = [];
  const queue = createEventQueue((count) => dropped.push(count), options);
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
  const resume = (isSame = true, ack = 0, check: (text: string) => void = all) => {
    queue.resume(isSame, ack, check);
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

  it('numbers again from 1 for another session', () => {
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

  it('begins another session with the frames that are added for it, before all lanes', () => {
    const { queue, add, take } = setUp();
    queue.resume(false, 0, all);
    add(1);
    queue.add('{"data":2', 'files');
    queue.suspend();
    queue.resume(false, 0, all, () => add('first', 'second'));
    expect(take()).toEqual([['first', 1], ['second', 2], [1, 3], [2, 4]]); // prettier-ignore
  });

  it.each([-1, 0, 4, 1e9])('keeps its order after an acknowledgement of %d', (ack) => {
    const { queue, add, take, resume } = setUp();
    resume(false);
    add(1, 2, 3);
    take();
    queue.acknowledge(ack);
    expect(queue.size()).toBe(ack > 0 ? 0 : 3);
    add(4);
    expect(take()).toEqual([[4, 4]]);
  });

  it('returns as many events as requested, and no more than 1,000 without an acknowledgement', () => {
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

  it('drops the oldest waiting event when more than 1,000 wait, and none that was written', () => {
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

  it('drops old events after a sleep, in which no timer ran', () => {
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

  it('does not send a removed event again, and does not report it', () => {
    const { queue, dropped, take, resume } = setUp();
    resume(false);
    const tickets = [1, 2, 3].map((data) => queue.add(`{"data":${data}`)) as [Ticket, Ticket, Ticket];
    queue.remove(tickets[1]);
    expect(queue.size()).toBe(2);
    expect(take(1)).toEqual([[1, 1]]);
    queue.remove(tickets[0]); // it was written, so the number stays
    queue.suspend();
    vi.advanceTimersByTime(15_000);
    expect(dropped).toEqual([1]);
  });

  it('drops events that wait for the first link for 15 s, without a callback', () => {
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const { add, dropped, resume } = setUp();
    add(1);
    vi.advanceTimersByTime(15_000);
    expect(dropped).toEqual([1]);
    expect(resume(false)).toEqual([]);
    expect(report).not.toHaveBeenCalled();
    vi.unstubAllGlobals();
  });

  it('drops events that another session does not accept', () => {
    const { queue, add, resume, dropped } = setUp();
    resume(false);
    add('short', 'too long', 'short');
    queue.suspend();
    const check = (text: string): void => void (text.includes('too long') && none());
    expect(resume(false, 0, check)).toEqual([['short', 1], ['short', 2]]); // prettier-ignore
    expect(dropped).toEqual([1]);
  });

  it('drops unwritten events when it is cleared, and writes nothing after that', () => {
    const { queue, add, take, resume, dropped } = setUp();
    resume(false);
    add(1);
    take();
    add(2);
    queue.clear();
    expect(vi.getTimerCount()).toBe(0);
    expect([queue.size(), dropped]).toEqual([0, [1]]);
  });
});

describe('channels of a queue', () => {
  const named = (queue: EventQueue, lane: string, ...all: string[]): void =>
    all.forEach((each) => queue.add(`{"data":"${each}"`, lane));

  it('take turns', () => {
    const { queue, take, resume } = setUp();
    resume(false);
    named(queue, 'a', 'a1', 'a2', 'a3', 'a4');
    named(queue, 'b', 'b1');
    expect(take(1)).toEqual([['a1', 1]]);
    named(queue, 'c', 'c1', 'c2');
    expect(take().map(([data]) => data)).toEqual(['b1', 'a2', 'c1', 'a3', 'c2', 'a4']);
  });

  it('lose the oldest of the longest one if too many wait', () => {
    const { queue, take, resume, dropped } = setUp({ count: 4 });
    named(queue, 'rare', 'once');
    named(queue, 'busy', 'b1', 'b2', 'b3', 'b4', 'b5');
    expect(dropped).toEqual([1, 1]);
    expect(resume(false).map(([data]) => data)).toEqual(['once', 'b3', 'b4', 'b5']);
    expect(take()).toEqual([]);
  });
});

describe('an event that is given up', () => {
  function told(options: EventOptions = {}) {
    const codes: string[] = [];
    const all: unknown[] = [];
    const rig = setUp({ ...options, onDrop: (...args) => all.push(args) });
    const add = (data: string): Ticket =>
      rig.queue.add(`{"data":"${data}"`, '', (code) => codes.push(`${data} ${code}`));
    return { ...rig, add, codes, all };
  }

  it('reports the reason, to its sender and to the option onDrop', () => {
    const { queue, add, codes, all, resume } = told({ count: 2, age: 1_000 });
    resume(false);
    for (const data of ['one', 'two', 'three']) add(data);
    expect(codes).toEqual(['one overflow']);
    queue.suspend();
    vi.advanceTimersByTime(1_000);
    expect(codes.splice(0)).toEqual(['one overflow', 'two expired', 'three expired']);
    add('four');
    resume(false, 0, none);
    add('five');
    queue.clear();
    expect(codes).toEqual(['four refused', 'five closed']);
    expect(all).toEqual([
      ['overflow', 1],
      ['expired', 2],
      ['refused', 1],
      ['closed', 1],
    ]);
  });

  it('is reported when the queue is cleared, if it is not on its way over an open link', () => {
    const { queue, add, codes, all, take, resume } = told();
    resume(false);
    for (const data of ['one', 'two', 'three']) add(data);
    take();
    queue.suspend();
    queue.resume(true, 1, () => undefined);
    expect(queue.take(1)).toEqual(['{"data":"two","seq":2}']);
    add('four');
    queue.clear();
    expect(codes).toEqual(['three unknown-outcome', 'four closed']);
    expect(all).toEqual([['closed', 2]]);
  });

  it('is reported when the queue is cleared without a link, as is each one that may have arrived', () => {
    const { queue, add, codes, take, resume } = told();
    resume(false);
    add('one');
    take();
    queue.suspend();
    add('two');
    queue.clear();
    expect(codes).toEqual(['one unknown-outcome', 'two closed']);
  });

  it('may have arrived if it was written', () => {
    const { queue, add, codes, take, resume } = told();
    resume(false);
    expect(add('one').isWritten).toBeFalsy();
    take();
    queue.suspend();
    vi.advanceTimersByTime(15_000);
    expect(codes).toEqual(['one unknown-outcome']);
  });

  it('harms no other if a callback throws', () => {
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const fail = (): void => {
      throw new Error('of the application');
    };
    const { queue, codes, add } = told({ age: 1_000 });
    queue.add('{"data":"bad"', '', fail);
    add('good');
    vi.advanceTimersByTime(1_000);
    expect(codes).toEqual(['good expired']);
    expect(report).toHaveBeenCalledTimes(1);
    vi.unstubAllGlobals();
  });

  it('never happens with an infinite age', () => {
    const { queue, add, codes } = told({ age: Infinity });
    add('one');
    queue.suspend();
    vi.advanceTimersByTime(10 * 24 * 3_600_000);
    expect(codes).toEqual([]);
  });
});

describe('a reply', () => {
  const reply = (queue: EventQueue, data: string): unknown =>
    queue.add(`{"data":"${data}"`, '', () => expect.unreachable(), true);

  it('does not expire, and keeps its place among the events', () => {
    const { queue, add, take, resume, dropped } = setUp();
    resume(false);
    add('written 1');
    reply(queue, 'reply 1');
    add('written 2');
    take();
    add('waiting 1');
    reply(queue, 'reply 2');
    queue.suspend();
    vi.advanceTimersByTime(10_000);
    add('young');
    vi.advanceTimersByTime(5_000);
    expect(dropped).toEqual([3]);
    expect(resume()).toEqual([['reply 1', 4], ['reply 2', 5], ['young', 6]]); // prettier-ignore
  });

  it('keeps its place on the next link as long as nothing expires', () => {
    const { queue, add, take, resume } = setUp();
    resume(false);
    reply(queue, 'reply 1');
    add('event 1');
    take();
    queue.suspend();
    reply(queue, 'reply 2');
    add('event 2');
    expect(resume()).toEqual([['reply 1', 1], ['event 1', 2], ['reply 2', 3], ['event 2', 4]]); // prettier-ignore
  });

  it('leaves no timer behind while it waits alone', () => {
    const { queue, resume, take } = setUp();
    resume(false);
    reply(queue, 'reply');
    take();
    queue.suspend();
    vi.advanceTimersByTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(resume()).toEqual([['reply', 1]]);
  });

  it('does not give way to events, and takes no place of theirs', () => {
    const { queue, add, take, resume, dropped } = setUp({ count: 2 });
    resume(false);
    reply(queue, 'reply');
    add('first', 'second');
    expect(dropped).toEqual([]);
    add('third');
    expect(dropped).toEqual([1]);
    expect([...take(), ...take()].map(([data]) => data)).toEqual(['reply', 'second']);
    queue.acknowledge(2);
    expect(take()).toEqual([['third', 3]]);
  });

  it('goes to no other session, and does not count as lost', () => {
    const { queue, add, resume, dropped } = setUp();
    resume(false);
    reply(queue, 'reply');
    add('event');
    queue.suspend();
    expect(resume(false)).toEqual([['event', 1]]);
    expect(dropped).toEqual([]);
  });
});

it('an event that was written before older ones of another channel does not expire with them', () => {
  const { queue, add, take, resume, dropped } = setUp();
  add('old 1', 'old 2');
  vi.advanceTimersByTime(10_000);
  queue.resume(false, 0, all);
  queue.add('{"data":"young"', 'a');
  expect(take().map(([data]) => data)).toEqual(['old 1', 'young', 'old 2']);
  queue.suspend();
  vi.advanceTimersByTime(5_000);
  expect(dropped).toEqual([1]);
  expect(resume()).toEqual([['young', 2], ['old 2', 3]]); // prettier-ignore
  queue.suspend();
  vi.advanceTimersByTime(10_000);
  expect(dropped).toEqual([1, 2]);
});

it('numbers without holes, keeps the order of each channel, and loses nothing that it does not report', () => {
  const lane = fc.constantFrom('', '', 'a', 'b');
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.record({ add: fc.nat(6), lane }) },
    { weight: 2, arbitrary: fc.record({ reply: fc.constantFrom(1, 2) }) },
    { weight: 5, arbitrary: fc.record({ take: fc.nat(6) }) },
    { weight: 5, arbitrary: fc.record({ arrive: fc.nat(8) }) },
    { weight: 3, arbitrary: fc.constant({ acknowledge: true as const }) },
    { weight: 2, arbitrary: fc.record({ cut: fc.nat(1_500), isSame: fc.boolean() }) },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 50, size: 'max' }), (actions) => {
      let dropped = 0;
      const codes: string[] = [];
      const queue = createEventQueue((count) => void (dropped += count), { count: 10, age: 1_000 });
      const arrived = new Set<number>();
      /** The newest event of each channel in the session; the newest number of the session, and of the link. */
      const newest = new Map<string, number>();
      let taken = 0;
      let last = 0;
      let flying: string[] = [];
      let added = 0;
      /** The replies that this session waits for. */
      const replies = new Set<number>();
      let answered = 0;
      const arrive = (count: number): void => {
        for (const text of flying.splice(0, count)) {
          const { data, seq, lane, reply } = JSON.parse(text) as {
            data: number;
            seq?: number;
            lane: string;
            reply?: number;
          };
          last = seq ?? last + 1;
          if (last <= taken) continue;
          if (seq === undefined) expect(last).toBe(taken + 1); // the first of a link may be higher
          taken = last;
          if (reply) {
            replies.delete(reply); // it may come again
            continue;
          }
          expect(data).toBeGreaterThan(newest.get(lane) ?? 0);
          newest.set(lane, data);
          arrived.add(data);
        }
      };
      queue.resume(false, 0, all);
      for (const each of actions) {
        if ('add' in each) {
          for (let i = 0; i < each.add; i++) {
            const text = `{"data":${++added},"lane":"${each.lane}"`;
            queue.add(text, each.lane, (code) => codes.push(code));
          }
        } else if ('reply' in each) {
          for (let i = 0; i < each.reply; i++) {
            replies.add(++answered);
            queue.add(`{"reply":${answered}`, '', () => expect.unreachable(), true);
          }
        } else if ('take' in each) flying.push(...queue.take(each.take));
        else if ('arrive' in each) arrive(each.arrive);
        else if ('acknowledge' in each) queue.acknowledge(taken);
        else {
          flying = [];
          queue.suspend();
          vi.advanceTimersByTime(each.cut);
          last = 0;
          if (!each.isSame) {
            taken = 0;
            replies.clear();
            newest.clear(); // another session gets the unacknowledged ones again
          }
          queue.resume(each.isSame, taken, all);
        }
        expect(queue.size()).toBeLessThanOrEqual(20 + answered);
      }
      while (queue.size() > 0) {
        flying.push(...queue.take(Infinity));
        arrive(Infinity);
        queue.acknowledge(taken);
      }
      expect([...replies]).toEqual([]);
      expect(codes).toHaveLength(dropped);
      const never = codes.filter((code) => code !== 'unknown-outcome').length;
      expect(arrived.size + dropped).toBeGreaterThanOrEqual(added);
      expect(arrived.size + never).toBeLessThanOrEqual(added);
    }),
    { numRuns: Number(process.env.VELOX_RUNS ?? 300) },
  );
});
