import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Bus } from './bus.js';
import { withParts } from './bus-parts.js';

/** A bus whose messages the test delivers. */
class ManualBus implements Bus {
  readonly limit = 100;
  readonly sent: string[] = [];
  deliver: (data: string) => void = () => {};
  doubt: () => void = () => {};

  publish(_subject: string, data: string): Promise<void> {
    expect(Buffer.byteLength(data)).toBeLessThanOrEqual(this.limit);
    this.sent.push(data);
    return Promise.resolve();
  }
  subscribe(_subject: string, fn: (data: string) => void, onDoubt?: () => void): Promise<() => void> {
    this.deliver = fn;
    this.doubt = onDoubt ?? (() => {});
    return Promise.resolve(() => {});
  }
}

const listen = async (bus: ManualBus): Promise<string[]> => {
  const received: string[] = [];
  await withParts(bus).subscribe('', (data) => received.push(data));
  return received;
};

describe('a bus with parts', () => {
  it('carries any text, each part within the limit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme', maxLength: 200 })), async (texts) => {
        const bus = new ManualBus();
        const received = await listen(bus);
        const sender = withParts(bus);
        for (const text of texts) await sender.publish('', text);
        bus.sent.forEach((part) => bus.deliver(part));
        expect(received).toEqual(texts);
      }),
    );
  });

  it('sends a short message whole', async () => {
    const bus = new ManualBus();
    await withParts(bus).publish('', 'short');
    expect(bus.sent).toEqual([' short']);
  });

  it('delivers a message whole or not at all, however parts are lost and publishers take turns', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 300 })), { maxLength: 10 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
        async (messages, random) => {
          const [bus, one, two] = [new ManualBus(), new ManualBus(), new ManualBus()];
          const received = await listen(bus);
          const senders = [withParts(one), withParts(two)] as const;
          const texts = messages.map(([, length], n) => `${n}`.padEnd(length, `${n}`));
          for (const [n, [isOne]] of messages.entries())
            await senders[isOne ? 0 : 1].publish('', texts[n] as string);
          const queues = [one.sent, two.sent].filter(({ length }) => length > 0);
          while (queues.length > 0) {
            const turn = random.next().value % queues.length;
            const part = queues[turn]?.shift() as string;
            if (random.next().value > 0) bus.deliver(part);
            if (queues[turn]?.length === 0) queues.splice(turn, 1);
          }
          expect(texts).toEqual(expect.arrayContaining(received));
          expect(new Set(received).size).toBe(received.length);
        },
      ),
    );
  });

  it('forgets unfinished messages when something may have been missed', async () => {
    const bus = new ManualBus();
    const received = await listen(bus);
    await withParts(bus).publish('', 'x'.repeat(90));
    const [first, second] = bus.sent as [string, string];
    bus.deliver(first);
    bus.doubt();
    bus.deliver(second);
    expect(received).toEqual([]);
  });

  it('delivers a message once if each of its parts arrives twice', async () => {
    const bus = new ManualBus();
    const received = await listen(bus);
    const text = 'x'.repeat(150);
    await withParts(bus).publish('', text);
    expect(bus.sent.length).toBeGreaterThan(2);
    for (const part of bus.sent.flatMap((each) => [each, each])) bus.deliver(part);
    expect(received).toEqual([text]);
  });

  it('joins the parts of a message while the clock is set forward', async () => {
    const bus = new ManualBus();
    const received = await listen(bus);
    const text = 'x'.repeat(150);
    await withParts(bus).publish('', text);
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      for (const part of bus.sent) {
        bus.deliver(part);
        vi.setSystemTime(Date.now() + 3_600_000);
      }
    } finally {
      vi.useRealTimers();
    }
    expect(received).toEqual([text]);
  });

  it('ignores messages that no Velox node sent', async () => {
    const bus = new ManualBus();
    const received = await listen(bus);
    for (const data of ['', 'x', 'a b c d', 'a 1 2 x', 'a 0 0 x']) bus.deliver(data);
    expect(received).toEqual([]);
  });
});
