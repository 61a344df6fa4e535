import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Message } from '../wire/message.js';
import { DEFAULT_EVENT_LIMITS, type Overflow } from './event-limits.js';
import { eventMessage } from './event-message.js';
import { Outbox } from './outbox.js';
import { unpackMessage, type PackedEvents } from './packed-session.js';

interface Frame {
  readonly data: number;
  readonly channel: string;
  readonly seq?: number;
}

/** A client that does what PROTOCOL.md says, and the link to it. */
class Client {
  /** The events that it received with a number, and without one. */
  readonly events: Frame[] = [];
  readonly volatile: number[] = [];
  /** The newest number of the session. */
  taken = 0;
  /** How many numbers it never received. */
  skipped = 0;
  /** Frames that were written and have not arrived. */
  #flying: string[] = [];
  /** The newest number of the link; 0 before the first. */
  #last = 0;

  /** The written messages leave. */
  fly(text: string): void {
    this.#flying.push(text);
  }

  /** So many frames arrive. */
  receive(count = Infinity): void {
    for (const text of this.#flying.splice(0, count)) this.#read(JSON.parse(text) as Frame);
  }

  /** The link is cut, so messages in flight are lost. */
  cut(): void {
    this.#flying = [];
    this.#last = 0;
  }

  #read(frame: Frame): void {
    const { data, seq } = frame;
    if (seq === 0) return void this.volatile.push(data);
    // Thrown, because expect() takes longer than everything else here.
    const isFirst = this.#last === 0;
    const next = this.#last + 1;
    if (isFirst && seq === undefined) throw new Error('the first of a link carries its number');
    if (!isFirst && seq !== undefined && seq <= next)
      throw new Error('a later one carries its number only after a drop');
    this.#last = seq ?? next;
    this.skipped += Math.max(this.#last - this.taken - 1, 0);
    if (this.#last <= this.taken) return; // it was received before
    this.taken = this.#last;
    this.events.push(frame);
  }
}

/** Takes messages to be written, one after the other; the last one as the only one, where it is in no lane. */
function* take(outbox: Outbox): Generator<Message> {
  for (let next; (next = outbox.takeOnly() ?? outbox.next());) yield next;
}

const overflow = fc.constantFrom('drop-oldest' as const, 'drop-newest' as const);

const volatileMessage = (data: number): Message => new Message(`{"event":"v","data":${data},"seq":0}`);

/** Writes an outbox's messages and returns their texts. */
const textsOf = (outbox: Outbox): string[] => [...take(outbox)].map(({ text }) => text);

/** The data of an outbox's messages, in the order of their writing. */
const dataOf = (outbox: Outbox): unknown[] => textsOf(outbox).map((text) => (JSON.parse(text) as Frame).data);

describe('the events of a session', () => {
  it('arrive once and in the order of their channel over any links, or are counted as dropped', () => {
    const channel = fc.constantFrom('', '', 'a', 'b');
    const isUrgent = fc.constantFrom(false, false, true);
    const action = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          add: fc.nat(400),
          bytes: fc.constant(0),
          channel,
          isUrgent,
          isFlowing: fc.boolean(),
        }),
      },
      // 4 are more than is kept
      {
        weight: 1,
        arbitrary: fc.record({
          add: fc.nat(9),
          bytes: fc.constant(250_000),
          channel,
          isUrgent,
          isFlowing: fc.boolean(),
        }),
      },
      { weight: 2, arbitrary: fc.record({ hold: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ volatile: fc.nat(5) }) },
      { weight: 6, arbitrary: fc.record({ write: fc.nat(400) }) },
      { weight: 6, arbitrary: fc.record({ receive: fc.nat(400) }) },
      { weight: 2, arbitrary: fc.constant({ acknowledge: true as const }) },
      { weight: 2, arbitrary: fc.constant({ cut: true as const }) },
    );
    fc.assert(
      fc.property(overflow, fc.array(action, { maxLength: 40, size: 'max' }), (overflow, actions) => {
        const outbox = new Outbox({ ...DEFAULT_EVENT_LIMITS, overflow });
        const client = new Client();
        const drops: string[] = [];
        const holds: (() => void)[] = [];
        let links = 1;
        let added = 0;
        let volatile = 0;
        const write = (count: number): void => {
          if (count === 0) return;
          for (const { text } of take(outbox)) {
            client.fly(text);
            if (--count === 0) return;
          }
        };
        const resume = (): void => {
          links++;
          client.cut();
          outbox.resume(client.taken);
        };
        for (const each of actions) {
          if ('add' in each) {
            const { channel, isUrgent, isFlowing, bytes, add } = each;
            // What overtakes the others has an order of its own on each link.
            const name = `${channel}${isUrgent && holds.length > 0 ? ` overtaking on ${links}` : ''}`;
            const text = (data: number): string =>
              `{"event":"${'x'.repeat(bytes)}","channel":"${name}","data":${data}}`;
            const options = { isNumbered: true, channel, onDrop: (code: string) => void drops.push(code) };
            for (let i = 0; i < add; i++)
              outbox.add(new Message(text(++added), options), isUrgent, isFlowing);
            expect(outbox.size).toBeLessThanOrEqual(1 << 20);
          } else if ('hold' in each) {
            if (each.hold) holds.push(outbox.hold());
            else holds.pop()?.();
          } else if ('volatile' in each) {
            for (let i = 0; i < each.volatile; i++) outbox.add(volatileMessage(++volatile));
          } else if ('write' in each) write(each.write);
          else if ('receive' in each) client.receive(each.receive);
          else if ('acknowledge' in each) outbox.acknowledge(client.taken);
          else resume();
        }
        for (const release of holds) release();
        resume();
        write(Infinity);
        client.receive();
        expect(outbox.hasPending).toBe(false);
        for (const of of new Set(client.events.map(({ channel }) => channel))) {
          const own = client.events.filter(({ channel }) => channel === of).map(({ data }) => data);
          expect(own).toEqual(own.toSorted((one, other) => one - other));
        }
        expect(client.events.length + outbox.dropped).toBe(added); // exactly: the last link showed what is missing
        expect(client.skipped).toBeLessThanOrEqual(outbox.dropped);
        expect(client.volatile.every((data, at) => at === 0 || data > client.volatile[at - 1]!)).toBe(true);
        expect(drops.length).toBeGreaterThanOrEqual(outbox.dropped); // some that were given up arrived anyway
        expect(drops.filter((code) => code === 'overflow').length).toBeLessThanOrEqual(outbox.dropped);
        outbox.acknowledge(client.taken);
        expect(outbox.hasUnacknowledged).toBe(false);
        expect(outbox.size).toBe(0);
      }),
      { numRuns: Number(process.env.VELOX_RUNS ?? 300) },
    );
  });

  it('share one message, except for the first of a link, which carries its number', () => {
    const [one, two] = [new Outbox(), new Outbox()];
    const messages = [1, 2, 3].map((data) => eventMessage('n', data));
    one.add(eventMessage('own', 0));
    for (const each of messages) [one, two].forEach((outbox) => outbox.add(each));
    const [written, others] = [[...take(one)], [...take(two)]];
    expect(written.map(({ text }) => text)).toEqual([
      '{"event":"own","data":0,"seq":1}',
      '{"event":"n","data":1}',
      '{"event":"n","data":2}',
      '{"event":"n","data":3}',
    ]);
    expect(others[0]?.text).toBe('{"event":"n","data":1,"seq":1}');
    expect(written.slice(2)).toEqual(messages.slice(1));
    others.slice(1).forEach((message, at) => expect(message).toBe(messages[at + 1]));
  });

  it.each([3, 4, 1e9])('survive an acknowledgement of %d if 2 were written', (ack) => {
    const outbox = new Outbox();
    for (const data of [1, 2, 3, 4]) outbox.add(eventMessage('n', data));
    const events = take(outbox);
    events.next();
    events.next();
    outbox.acknowledge(ack);
    expect(textsOf(outbox)).toEqual(['{"event":"n","data":3}', '{"event":"n","data":4}']);
    outbox.resume(2);
    expect([...take(outbox)][0]?.text).toBe('{"event":"n","data":3,"seq":3}');
    expect(outbox.dropped).toBe(0);
  });

  it.each([undefined, () => 1, Symbol('of the application')])(
    'carry null for %s, which JSON omits',
    (data) => {
      expect(eventMessage('note', data).text).toBe('{"event":"note","data":null}');
    },
  );

  function filled(overflow: Overflow, count = 4): { outbox: Outbox; drops: string[]; add: Add } {
    const drops: string[] = [];
    const outbox = new Outbox({ ...DEFAULT_EVENT_LIMITS, count, overflow });
    const add: Add = (channel, ...all) =>
      all.map((data) => {
        const onDrop = (code: string): void => void drops.push(`${String(data)} ${code}`);
        return outbox.add(eventMessage('n', data, { channel, onDrop }));
      });
    return { outbox, drops, add };
  }
  type Add = (channel: string, ...all: unknown[]) => boolean[];

  it('from several channels take turns', () => {
    const { outbox, add } = filled('drop-oldest', 100);
    add('', 1, 2);
    add('a', 'a1', 'a2', 'a3', 'a4');
    add('b', 'b1');
    add('', 3);
    expect(dataOf(outbox)).toEqual([1, 'a1', 'b1', 2, 'a2', 3, 'a3', 'a4']);
    add('a', 'a5', 'a6');
    outbox.resume(2);
    // The channels begin again in the order of the writes: b, the main one, a.
    expect(dataOf(outbox)).toEqual(['b1', 2, 'a2', 3, 'a3', 'a4', 'a5', 'a6']);
  });

  it('keep their numbers on a later link, so a repeated opening request changes none', () => {
    const { outbox, add } = filled('drop-oldest', 100);
    add('a', 'a1', 'a2');
    expect(dataOf(outbox)).toEqual(['a1', 'a2']); // the client receives both
    add('', 1);
    outbox.resume(0); // the repeated request is older than that
    expect(dataOf(outbox)).toEqual(['a1', 'a2', 1]);
    outbox.resume(2);
    expect(textsOf(outbox)).toEqual(['{"event":"n","data":1,"seq":3}']);
  });

  it('keep their numbers when those before them were dropped', () => {
    const { outbox, add } = filled('drop-oldest', 2);
    add('', 1, 2);
    expect(dataOf(outbox)).toEqual([1, 2]); // the client receives both
    add('', 3, 4);
    outbox.resume(0);
    outbox.resume(2);
    expect(textsOf(outbox)).toEqual(['{"event":"n","data":3,"seq":3}', '{"event":"n","data":4}']);
  });

  it('beyond the limit drop the oldest of the longest channel', () => {
    const { outbox, drops, add } = filled('drop-oldest');
    add('rare', 'once');
    expect(add('busy', 1, 2, 3, 4, 5)).toEqual([true, true, true, true, true]);
    expect(drops).toEqual(['1 overflow', '2 overflow']);
    expect(dataOf(outbox)).toEqual(['once', 3, 4, 5]);
    expect(outbox.dropped).toBe(2);
  });

  it('beyond the limit of bytes drop from the channel that has most of them', () => {
    const drops: string[] = [];
    const outbox = new Outbox({ ...DEFAULT_EVENT_LIMITS, size: 2_000 });
    const add = (channel: string, data: string): boolean =>
      outbox.add(eventMessage('n', data, { channel, onDrop: () => drops.push(data.slice(0, 5)) }));
    add('large', `one  ${'x'.repeat(900)}`);
    for (let i = 0; i < 10; i++) add('small', `s${i}`);
    add('large', `two  ${'x'.repeat(900)}`);
    expect(drops).toEqual(['one  ']);
  });

  it('beyond the limit with drop-newest keep the older ones', () => {
    const { outbox, drops, add } = filled('drop-newest');
    expect(add('busy', 1, 2, 3, 4, 5)).toEqual([true, true, true, true, false]);
    expect(add('rare', 'once')).toEqual([true]); // the longest channel loses its newest
    expect(drops).toEqual(['5 overflow', '4 overflow']);
    expect(dataOf(outbox)).toEqual([1, 'once', 2, 3]);
    expect(add('rare', 'late')).toEqual([false]); // all others were written and may arrive
  });

  it('beyond the limit with close are all given up, and the session has to end', () => {
    const { outbox, drops, add } = filled('close');
    expect(add('', 1, 2, 3, 4)).toEqual([true, true, true, true]);
    outbox.next();
    expect(outbox.hasOverflowed).toBe(false);
    expect(add('', 5)).toEqual([false]);
    expect(outbox.hasOverflowed).toBe(true);
    expect(drops).toEqual(['1 unknown-outcome', '2 ended', '3 ended', '4 ended', '5 ended']);
    expect([outbox.size, outbox.hasPending, outbox.dropped]).toEqual([0, false, 4]);
  });

  it('beyond the limit with close count as dropped if they waited, urgent or not', () => {
    const { outbox, add } = filled('close', 2);
    outbox.hold();
    outbox.add(eventMessage('n', 'urgent'), true);
    expect([add('', 1, 2), outbox.dropped]).toEqual([[true, false], 3]);
  });

  it.each([
    ['drop-oldest', '1 overflow', [2, 3]],
    ['drop-newest', '3 overflow', [1, 2]],
  ] as const)('of one channel are dropped at one end with %s', (overflow, dropped, kept) => {
    const { outbox, drops, add } = filled(overflow, 2);
    expect(add('', 1, 2, 3)).toEqual([true, true, overflow === 'drop-oldest']);
    expect([drops, outbox.dropped, dataOf(outbox)]).toEqual([[dropped], 1, kept]);
  });

  it('beyond the limit with drop-newest keep waiting ones behind written ones', () => {
    const { outbox, drops, add } = filled('drop-newest', 3);
    add('', 1, 2);
    expect(dataOf(outbox)).toEqual([1, 2]);
    add('', 3, 4);
    expect([drops, dataOf(outbox)]).toEqual([['4 overflow'], [3]]);
  });

  it.each([
    ['drop-oldest', '1 unknown-outcome', [2, 3, 4]],
    ['drop-newest', '4 overflow', [1, 2, 3]],
  ] as const)(
    'that a former link has written are given up only with drop-oldest: %s',
    (overflow, dropped, kept) => {
      const { outbox, drops, add } = filled(overflow, 3);
      add('', 1, 2, 3);
      dataOf(outbox);
      outbox.resume(0);
      add('', 4);
      expect([drops, dataOf(outbox)]).toEqual([[dropped], kept]);
    },
  );

  it.each([
    ['drop-oldest', [true, true, true], '1 overflow', [2, 3]],
    ['drop-newest', [true, true, false], '3 overflow', [1, 2]],
  ] as const)('that are urgent are limited, too: %s', (overflow, results, dropped, kept) => {
    const { outbox, drops } = filled(overflow, 2);
    outbox.hold();
    const onDrop = (data: number) => (code: string) => void drops.push(`${data} ${code}`);
    const added = [1, 2, 3].map((data) =>
      outbox.add(eventMessage('n', data, { onDrop: onDrop(data) }), true),
    );
    expect([added, drops, dataOf(outbox)]).toEqual([results, [dropped], kept]);
  });

  it('are kept up to exactly the limit of bytes, and a single one beyond it', () => {
    const message = (): Message => eventMessage('n', 'x'.repeat(100));
    const { size } = message();
    const outbox = new Outbox({ ...DEFAULT_EVENT_LIMITS, size: 2 * size });
    for (let n = 0; n < 3; n++) expect(outbox.add(message())).toBe(true);
    expect([outbox.dropped, outbox.size]).toEqual([1, 2 * size]);
    const narrow = new Outbox({ ...DEFAULT_EVENT_LIMITS, size: 1 });
    expect([narrow.add(message()), narrow.dropped, dataOf(narrow).length]).toEqual([true, 0, 1]);
  });

  it('beyond the limit of their number drop from the channel that has most events, even if another has more bytes', () => {
    const [large, small] = [
      eventMessage('n', 'x'.repeat(900), { channel: 'large' }),
      eventMessage('n', 1, { channel: 'small' }),
    ];
    const outbox = new Outbox({ ...DEFAULT_EVENT_LIMITS, count: 3, size: large.size + 3 * small.size });
    for (const message of [large, small, small, small]) outbox.add(message);
    expect([outbox.dropped, outbox.size]).toEqual([1, large.size + 2 * small.size]);
  });

  it.each(['drop-oldest', 'drop-newest', 'close'] as const)(
    'with %s give up unacknowledged ones while the client reads',
    (overflow) => {
      const outbox = new Outbox({ ...DEFAULT_EVENT_LIMITS, count: 3, overflow });
      const written: unknown[] = [];
      for (let data = 1; data <= 10; data++) {
        expect(outbox.add(eventMessage('n', data), false, true)).toBe(true);
        written.push(...dataOf(outbox));
      }
      expect(written).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect([outbox.dropped, outbox.hasOverflowed]).toEqual([0, false]);
    },
  );

  it('report that they may have arrived if they are given up after they were written', () => {
    const { outbox, drops, add } = filled('drop-oldest');
    add('', 1, 2, 3, 4);
    expect(dataOf(outbox)).toHaveLength(4);
    add('', 5, 6);
    expect(drops).toEqual(['1 unknown-outcome', '2 unknown-outcome']);
    expect(outbox.dropped).toBe(0);
    outbox.acknowledge(1);
    outbox.resume(1);
    expect(outbox.dropped).toBe(1);
  });

  it('are held back for urgent ones until each hold has ended', () => {
    const outbox = new Outbox();
    outbox.add(eventMessage('n', 'waits'));
    const [one, two] = [outbox.hold(), outbox.hold()];
    outbox.add(eventMessage('n', 'waits, too'));
    outbox.add(eventMessage('n', 'urgent'), true);
    expect(dataOf(outbox)).toEqual(['urgent']);
    one();
    one();
    expect([outbox.hasPending, dataOf(outbox)]).toEqual([false, []]);
    two();
    outbox.add(eventMessage('n', 'last'), true);
    expect(dataOf(outbox)).toEqual(['waits', 'waits, too', 'last']);
  });
});

describe('urgent events', () => {
  it('take the numbers of the events of a former link that they overtake', () => {
    const outbox = new Outbox();
    for (const data of [1, 2, 3]) outbox.add(eventMessage('n', data));
    expect(textsOf(outbox)).toHaveLength(3);
    outbox.resume(1);
    const release = outbox.hold();
    outbox.add(eventMessage('n', 'urgent'), true);
    expect([textsOf(outbox), outbox.hasPending]).toEqual([['{"event":"n","data":"urgent","seq":2}'], false]);
    release();
    expect(dataOf(outbox)).toEqual([2, 3]);
  });

  it('are written before all others on the next link if no link has taken them', () => {
    const outbox = new Outbox();
    outbox.add(eventMessage('n', 'waits'));
    const release = outbox.hold();
    outbox.add(eventMessage('n', 'urgent'), true);
    outbox.next();
    outbox.add(eventMessage('n', 'another'), true);
    outbox.resume(0);
    expect(textsOf(outbox)).toEqual([
      '{"event":"n","data":"urgent","seq":1}',
      '{"event":"n","data":"another"}',
    ]);
    release();
    expect(textsOf(outbox)).toEqual(['{"event":"n","data":"waits"}']);
  });
});

describe('the events of a session that ends', () => {
  it('are given up, also those of senders without a callback', () => {
    const outbox = new Outbox();
    for (const data of [1, 2]) outbox.add(eventMessage('n', data));
    outbox.next();
    outbox.clear();
    expect([outbox.hasPending, outbox.size, dataOf(outbox)]).toEqual([false, 0, []]);
  });
});

describe('room for an event', () => {
  const small = eventMessage('n', 1);

  it('is there while it pushes out no other one, by number and by bytes', () => {
    const outbox = new Outbox({ ...DEFAULT_EVENT_LIMITS, count: 2, size: 3 * small.size });
    expect(outbox.hasRoom(1e9)).toBe(true); // a single one is kept
    outbox.add(small);
    expect([2 * small.size, 2 * small.size + 1].map((bytes) => outbox.hasRoom(bytes))).toEqual([true, false]);
    outbox.add(small);
    expect(outbox.hasRoom(0)).toBe(false);
  });
});

it('given-up events are reported, written ones too, but not those that end with the session', () => {
  const onGivenUp = vi.fn<(message: Message) => void>();
  const outbox = new Outbox({ ...DEFAULT_EVENT_LIMITS, count: 1 }, onGivenUp);
  for (const data of [1, 2]) outbox.add(eventMessage('n', data));
  outbox.next();
  outbox.add(eventMessage('n', 3));
  outbox.clear();
  expect(onGivenUp.mock.calls.map(([{ text }]) => text)).toEqual(
    [1, 2].map((n) => `{"event":"n","data":${n}}`),
  );
});

describe('the only event that is pending', () => {
  it('is taken alone, and not if others wait with it', () => {
    const outbox = new Outbox();
    expect(outbox.takeOnly()).toBeUndefined();
    outbox.add(eventMessage('n', 1));
    expect(outbox.takeOnly()?.text).toBe('{"event":"n","data":1,"seq":1}');
    expect([outbox.takeOnly(), outbox.hasPending]).toEqual([undefined, false]);
    outbox.add(eventMessage('n', 2));
    expect(outbox.takeOnly()?.text).toBe('{"event":"n","data":2}');
    outbox.add(eventMessage('n', 3));
    outbox.add(eventMessage('n', 4));
    expect(outbox.takeOnly()).toBeUndefined();
    outbox.hold();
    outbox.next();
    expect(outbox.takeOnly()).toBeUndefined();
  });
});

describe('the events of a session that moves to another node', () => {
  /** The outbox as another node gets it. */
  const moved = (outbox: Outbox, limits = DEFAULT_EVENT_LIMITS): Outbox => {
    const next = new Outbox(limits);
    next.unpack(JSON.parse(JSON.stringify(outbox.pack())) as PackedEvents, unpackMessage);
    return next;
  };

  it('keep order, numbers and channels', () => {
    const outbox = new Outbox();
    for (const data of [1, 2, 3]) outbox.add(eventMessage('n', data));
    expect(textsOf(outbox)).toHaveLength(3);
    outbox.acknowledge(1);
    for (const data of [4, 5]) outbox.add(eventMessage('n', data));
    outbox.add(eventMessage('n', 'a1', { channel: 'a' }));
    const { size } = outbox;
    const next = moved(outbox);
    expect([next.size, next.hasPending, next.hasUnacknowledged]).toEqual([size, true, true]);
    next.resume(2);
    expect(textsOf(next)).toEqual([
      '{"event":"n","data":3,"seq":3}',
      '{"event":"n","data":4}',
      '{"event":"n","channel":"a","data":"a1"}',
      '{"event":"n","data":5}',
    ]);
    next.acknowledge(6);
    expect([next.size, next.hasUnacknowledged, next.dropped]).toEqual([0, false, 0]);
  });

  it('keep the urgent ones before the others', () => {
    const outbox = new Outbox();
    outbox.add(eventMessage('n', 'waits'));
    outbox.hold();
    outbox.add(eventMessage('n', 'urgent'), true);
    expect(dataOf(moved(outbox))).toEqual(['urgent', 'waits']);
  });

  it('count as dropped on the next link if they were given up before the move and have not arrived', () => {
    const outbox = new Outbox({ ...DEFAULT_EVENT_LIMITS, count: 2 });
    for (const data of [1, 2, 3]) outbox.add(eventMessage('n', data));
    expect([outbox.dropped, dataOf(outbox)]).toEqual([1, [2, 3]]);
    for (const data of [4, 5]) outbox.add(eventMessage('n', data));
    const next = moved(outbox);
    expect(next.dropped).toBe(1);
    next.resume(1); // it has the first of the two that were written and given up
    expect([next.dropped, dataOf(next)]).toEqual([2, [4, 5]]);
  });

  it('are dropped if the client refuses the same one before and after the move', () => {
    const outbox = new Outbox();
    for (const data of [1, 2]) outbox.add(eventMessage('n', data));
    expect(outbox.refuse('{"event":"n","data":1')).toBe(false);
    const next = moved(outbox);
    expect([next.refuse('{"event":"n","data":1'), next.dropped]).toEqual([true, 1]);
    expect([dataOf(next), next.hasUnacknowledged]).toEqual([[2], true]);
  });

  it('are kept if they were sent, and dropped if they wait, when the other node keeps fewer', () => {
    const outbox = new Outbox();
    for (const data of [1, 2, 3]) outbox.add(eventMessage('n', data));
    dataOf(outbox);
    outbox.add(eventMessage('n', 4));
    const next = moved(outbox, { ...DEFAULT_EVENT_LIMITS, count: 2, overflow: 'drop-newest' });
    expect(next.dropped).toBe(1);
    next.resume(0);
    expect(dataOf(next)).toEqual([1, 2, 3]);
  });
});

describe('an event that the client refuses', () => {
  const filled = (): Outbox => {
    const outbox = new Outbox();
    for (const data of [1, 2, 3]) outbox.add(eventMessage('e', data));
    textsOf(outbox);
    outbox.resume(1);
    return outbox;
  };

  it('is dropped at the second time, and its number goes to the next event', () => {
    const outbox = filled();
    expect(outbox.refuse('{"event":"e","data":2')).toBe(false);
    textsOf(outbox);
    outbox.resume(1);
    expect(outbox.refuse('{"event":"e","data":2,"seq":2}')).toBe(true);
    expect(outbox.dropped).toBe(1);
    expect(textsOf(outbox)).toEqual(['{"event":"e","data":3,"seq":2}']);
    outbox.add(eventMessage('e', 4));
    outbox.acknowledge(1e9);
    expect(textsOf(outbox)).toEqual(['{"event":"e","data":4}']);
  });

  it('tells its sender that it was refused', () => {
    const [outbox, onDrop] = [new Outbox(), vi.fn()];
    outbox.add(eventMessage('e', 1, { onDrop }));
    expect([outbox.refuse('{"event"'), outbox.refuse('{"event"')]).toEqual([false, true]);
    expect(onDrop.mock.calls).toEqual([['refused']]);
  });

  it('stays if another frame was refused, or another event was meanwhile', () => {
    const outbox = filled();
    expect(outbox.refuse('{"event":"e","data":2')).toBe(false);
    expect(outbox.refuse('{"id":"a","version":1')).toBe(false);
    textsOf(outbox);
    outbox.resume(2);
    expect(outbox.refuse('{"event":"e","data":3')).toBe(false);
    expect(outbox.dropped).toBe(0);
    textsOf(outbox);
    outbox.resume(3);
    expect(outbox.refuse('{"event":"e"')).toBe(false);
  });
});
