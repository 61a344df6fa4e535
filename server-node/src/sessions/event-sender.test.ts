import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeOutlet } from '../../test/rig/fake-outlet.js';
import { DEFAULT_EVENT_LIMITS, type EventLimits } from './event-limits.js';
import { eventMessage, replyMessage } from './event-message.js';
import { EventSender } from './event-sender.js';
import { Link } from './link.js';

interface Frame {
  readonly reply?: number;
  readonly seq?: number;
}

const TRAFFIC = { skipped: 0, caughtUp: 0, diverged: 0, invalid: 0, dropped: 0 };

const senderWith = (limits: Partial<EventLimits>): EventSender =>
  new EventSender({ ...TRAFFIC }, { ...DEFAULT_EVENT_LIMITS, ...limits });

/** Returns the frames that are written next, at most `count`. */
function write(sender: EventSender, count = Infinity): Frame[] {
  const frames: Frame[] = [];
  while (frames.length < count) {
    const message = sender.next();
    if (!message) break;
    frames.push(JSON.parse(message.text) as Frame);
  }
  return frames;
}

function isOver(sender: EventSender): boolean {
  try {
    sender.check();
    return false;
  } catch {
    return true;
  }
}

describe('the replies of a session', () => {
  it('are replaced when they are given up, so that each call ends', () => {
    const action = fc.oneof(
      fc.record({ replies: fc.nat(8), bytes: fc.constantFrom(0, 300) }),
      fc.record({ events: fc.nat(8), channel: fc.constantFrom('', 'a') }),
      fc.record({ write: fc.nat(12) }),
      fc.record({ take: fc.nat(12) }),
      fc.constant({ does: 'acknowledge' as const }),
      fc.constant({ does: 'link' as const }),
      fc.constant({ does: 'move' as const }),
    );
    const limits = fc.record({
      count: fc.integer({ min: 1, max: 20 }),
      size: fc.constantFrom(600, 1 << 20),
      overflow: fc.constantFrom('drop-oldest' as const, 'drop-newest' as const),
    });
    fc.assert(
      fc.property(limits, fc.boolean(), fc.array(action, { maxLength: 40 }), (limits, isFlowing, actions) => {
        let sender = senderWith(limits);
        const link = isFlowing ? new Link(new FakeOutlet(), 1) : undefined;
        const [calls, ended] = [[] as number[], new Set<number>()];
        let flying: Frame[] = [];
        /** The newest numbers that the client has, in the session and on this link. */
        let [taken, last] = [0, 0];
        const take = (count: number): void => {
          for (const { reply, seq = last + 1 } of flying.splice(0, count)) {
            last = seq;
            taken = Math.max(taken, seq);
            if (reply !== undefined) ended.add(reply);
          }
        };
        const relink = (): void => {
          flying = [];
          last = 0;
          sender.resume(taken);
        };
        for (const each of actions) {
          if ('replies' in each) {
            for (let n = 0; n < each.replies; n++)
              sender.send(replyMessage(calls.push(calls.length) - 1, 'x'.repeat(each.bytes)), false, link);
          } else if ('events' in each) {
            for (let n = 0; n < each.events; n++)
              sender.send(eventMessage('n', n, { channel: each.channel }), false, link);
          } else if ('write' in each) flying.push(...write(sender, each.write));
          else if ('take' in each) take(each.take);
          else if (each.does === 'acknowledge') sender.acknowledge(taken);
          else if (each.does === 'link') relink();
          else {
            const packed = sender.pack();
            sender = senderWith(limits);
            if (packed) sender.unpack(packed, () => undefined);
            relink();
          }
          if (isOver(sender)) return; // too many calls are without a reply: their session ends, and they end with it
        }
        relink();
        do {
          flying.push(...write(sender));
          take(Infinity);
          sender.acknowledge(taken);
        } while (sender.hasPending);
        expect(calls.filter((call) => !ended.has(call))).toEqual([]);
      }),
      { numRuns: Number(process.env.VELOX_RUNS ?? 500) },
    );
  });

  it('are replaced by a short one that says that the call may have run', () => {
    const sender = senderWith({ count: 2 });
    for (const call of [1, 2, 3]) sender.send(replyMessage(call, 'well'), false, undefined);
    expect(write(sender)).toMatchObject([{ reply: 2 }, { reply: 3 }]);
    expect(sender.hasPending).toBe(false);
    sender.acknowledge(2);
    expect(write(sender)).toMatchObject([{ reply: 1, error: { code: 'unknown-outcome' } }]);
  });

  it('end the session if more of them were given up than events may wait', () => {
    const sender = senderWith({ count: 4 });
    for (let call = 1; call <= 8; call++) sender.send(replyMessage(call, null), false, undefined);
    sender.check();
    expect(sender.send(replyMessage(9, null), false, undefined)).toBe('dropped');
    expect(() => sender.check()).toThrow(expect.objectContaining({ code: 'too-slow' }));
  });
});
