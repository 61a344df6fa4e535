import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Message } from '../wire/message.js';
import { eventMessage } from './event-message.js';
import { Outbox } from './outbox.js';

interface Frame {
  readonly data: number;
  readonly seq?: number;
}

/** A client that does what PROTOCOL.md says, and the link to it. */
class Client {
  /** The events that it received with a number, and without one. */
  readonly events: number[] = [];
  readonly volatile: number[] = [];
  /** The newest number of the session. */
  taken = 0;
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

  #read({ data, seq }: Frame): void {
    if (seq === 0) return void this.volatile.push(data);
    // Thrown, because expect() takes longer than everything else here.
    if ((seq === undefined) !== this.#last > 0)
      throw new Error('only the first of a link carries its number');
    this.#last = seq ?? this.#last + 1;
    if (this.#last !== this.taken + 1) throw new Error('a number was skipped, or given twice');
    this.taken = this.#last;
    this.events.push(data);
  }
}

/** Takes messages to be written, one after the other. */
function* take(outbox: Outbox): Generator<Message> {
  for (let next; (next = outbox.next());) yield next;
}

const volatileMessage = (data: number): Message => new Message(`{"event":"v","data":${data},"seq":0}`);

describe('the events of a session', () => {
  it('arrive once and in order over any links, or are counted as dropped', () => {
    const action = fc.oneof(
      { weight: 8, arbitrary: fc.record({ add: fc.nat(400), bytes: fc.constant(0) }) },
      { weight: 1, arbitrary: fc.record({ add: fc.nat(9), bytes: fc.constant(250_000) }) }, // 4 are more than is kept
      { weight: 2, arbitrary: fc.record({ volatile: fc.nat(5) }) },
      { weight: 6, arbitrary: fc.record({ write: fc.nat(400) }) },
      { weight: 6, arbitrary: fc.record({ receive: fc.nat(400) }) },
      { weight: 2, arbitrary: fc.constant({ acknowledge: true as const }) },
      { weight: 2, arbitrary: fc.constant({ cut: true as const }) },
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40, size: 'max' }), (actions) => {
        const outbox = new Outbox();
        const client = new Client();
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
          client.cut();
          outbox.resume(client.taken);
        };
        for (const each of actions) {
          if ('add' in each) {
            const text = (data: number): string => `{"event":"${'x'.repeat(each.bytes)}","data":${data}}`;
            for (let i = 0; i < each.add; i++) outbox.add(new Message(text(++added), { isNumbered: true }));
          } else if ('volatile' in each) {
            for (let i = 0; i < each.volatile; i++) outbox.add(volatileMessage(++volatile));
          } else if ('write' in each) write(each.write);
          else if ('receive' in each) client.receive(each.receive);
          else if ('acknowledge' in each) outbox.acknowledge(client.taken);
          else resume();
        }
        resume();
        write(Infinity);
        client.receive();
        expect(outbox.hasPending).toBe(false);
        expect(client.events.every((data, at) => at === 0 || data > client.events[at - 1]!)).toBe(true);
        expect(client.events.length + outbox.dropped).toBe(added); // exactly: the last link showed what is missing
        expect(client.volatile.every((data, at) => at === 0 || data > client.volatile[at - 1]!)).toBe(true);
        outbox.acknowledge(client.taken);
        expect(outbox.hasUnacknowledged).toBe(false);
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

  it.each([3, 4, 1e9])('are not lost to an acknowledgement of %d where 2 were written', (ack) => {
    const outbox = new Outbox();
    for (const data of [1, 2, 3, 4]) outbox.add(eventMessage('n', data));
    const events = take(outbox);
    events.next();
    events.next();
    outbox.acknowledge(ack);
    expect([...take(outbox)].map(({ text }) => text)).toEqual([
      '{"event":"n","data":3}',
      '{"event":"n","data":4}',
    ]);
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
});

describe('an event that the client refuses', () => {
  const sent = (outbox: Outbox): string[] => {
    const texts: string[] = [];
    for (let message; (message = outbox.next());) texts.push(message.text);
    return texts;
  };
  const filled = (): Outbox => {
    const outbox = new Outbox();
    for (const data of [1, 2, 3]) outbox.add(eventMessage('e', data));
    sent(outbox);
    outbox.resume(1);
    return outbox;
  };

  it('is dropped at the second time, and its number goes to the next event', () => {
    const outbox = filled();
    expect(outbox.refuse('{"event":"e","data":2')).toBe(false);
    sent(outbox);
    outbox.resume(1);
    expect(outbox.refuse('{"event":"e","data":2,"seq":2}')).toBe(true);
    expect(outbox.dropped).toBe(1);
    expect(sent(outbox)).toEqual(['{"event":"e","data":3,"seq":2}']);
  });

  it('stays if another frame was refused, or another event was meanwhile', () => {
    const outbox = filled();
    expect(outbox.refuse('{"event":"e","data":2')).toBe(false);
    expect(outbox.refuse('{"id":"a","version":1')).toBe(false);
    sent(outbox);
    outbox.resume(2);
    expect(outbox.refuse('{"event":"e","data":3')).toBe(false);
    expect(outbox.dropped).toBe(0);
    sent(outbox);
    outbox.resume(3);
    expect(outbox.refuse('{"event":"e"')).toBe(false);
  });
});
