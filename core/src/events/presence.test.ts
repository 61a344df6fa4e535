import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createEventConnection } from '../connection/connection.js';
import { createFakeTransport } from '../testing/fake-transport.js';
import { createPresence } from './presence.js';
import { createSync } from './sync.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A member of the lobby on an open link of a server that takes `rate` frames a second. */
async function setUpOpen(rate = 1_000) {
  const fake = createFakeTransport();
  const connection = createEventConnection({
    url: 'http://h/',
    transports: [fake.transport],
    events: { count: 2 },
  });
  const sync = createSync(connection);
  const presence = createPresence<number, unknown>(sync, 'lobby');
  const leave = presence.enter(1);
  await vi.advanceTimersByTimeAsync(0);
  const limits = { frame: 1 << 20, depth: 500, rate } as never;
  fake.last().hello({ session: 's', limits });
  /** The data of the frames `$presence` on the newest link, with the numbers of calls. */
  const sent = () =>
    fake
      .last()
      .sent.flatMap((frame) =>
        'event' in frame && frame.event === '$presence' ? [{ data: frame.data, call: frame.call }] : [],
      );
  const answer = (): void => {
    const reply = sent().at(-1)!.call!;
    fake.last().say({ ack: 100 }, { reply, data: { id: 'me', name: 'my-name', size: 1_000, throttle: 50 } });
  };
  /** Lets time pass on a link that shows signs of life, and acknowledges. */
  const live = async (ms: number): Promise<void> => {
    for (let left = ms; left >= 0; left -= 5_000) {
      await vi.advanceTimersByTimeAsync(Math.min(left, 5_000));
      fake.last().say({ ping: true }, { ack: 100 });
    }
  };
  /** Loses the link, and waits for the next attempt. */
  const lose = async (): Promise<void> => {
    fake.last().lose();
    const { length } = fake.links;
    while (fake.links.length === length) await vi.advanceTimersByTimeAsync(100);
  };
  return { ...fake, sync, presence, leave, sent, answer, live, lose };
}

it('enters again on the same link if the reply is lost', async () => {
  const { last, presence, sent, answer, live } = await setUpOpen();
  expect(sent()).toEqual([{ data: { room: 'lobby', mine: 1 }, call: 2 }]);
  last().say({ ack: 2 });
  presence.set(2);
  await live(15_000);
  expect(sent().slice(1)).toEqual([{ data: { room: 'lobby', mine: 2 }, call: 3 }]);
  answer();
  await live(60_000);
  expect(sent()).toHaveLength(2);
});

it('enters again on the same link if the call is dropped because too much waits', async () => {
  const { sync, last, lose, presence, sent, answer, live } = await setUpOpen();
  answer();
  await lose();
  await vi.advanceTimersByTimeAsync(1_000);
  sync.emit('note', 1);
  last().hello({ session: 's', limits: { frame: 1 << 20, depth: 500, rate: 2 } as never });
  // One frame leaves in 500 ms, and this is the note. Two wait.
  for (const n of [2, 3]) sync.emit('note', n);
  presence.set(2);
  await live(10_000);
  expect(sent()).toEqual([{ data: { room: 'lobby', mine: 2 }, call: expect.any(Number) as number }]);
  expect(sync.dropped.get()).toBe(1);
});

it('sends data that the limit of frames per second held back', async () => {
  const { sync, presence, sent, answer, live } = await setUpOpen(10);
  answer();
  await live(0);
  while (sync.emit('note', null, { volatile: true }) === 'sent');
  presence.set(2);
  expect(sent()).toHaveLength(1);
  await live(1_000);
  expect(sent().slice(1)).toEqual([{ data: { room: 'lobby', mine: 2 } }]);
});

it('takes its data away when it leaves, also at the limit of frames per second', async () => {
  const { sync, leave, sent, answer, live } = await setUpOpen(10);
  sync.join('lobby'); // the client stays in the room
  answer();
  await live(0);
  leave();
  await live(600);
  while (sync.emit('note', null, { volatile: true }) === 'sent');
  await live(5_000);
  expect(sent().slice(1)).toEqual([{ data: { room: 'lobby' } }]);
});

it('takes its data away on the next link of its session if it left without a link', async () => {
  const { sync, last, lose, leave, sent, answer, live } = await setUpOpen();
  sync.join('lobby');
  answer();
  await live(0);
  leave();
  await lose();
  await vi.advanceTimersByTimeAsync(1_000);
  last().hello({ session: 's' });
  await live(0);
  expect(sent()).toEqual([{ data: { room: 'lobby' } }]);
});

it('leaves quietly after the connection was closed', async () => {
  const { sync, leave } = await setUpOpen();
  sync.close();
  leave();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(vi.getTimerCount()).toBe(0);
});

it('leaves in its time although data of another component is refused meanwhile', async () => {
  const { sync, presence, leave, sent, answer, live } = await setUpOpen();
  sync.join('lobby'); // the client stays in the room
  answer();
  await live(0);
  leave();
  expect(() => presence.enter('x'.repeat(1_001) as never)).toThrow(
    expect.objectContaining({ code: 'too-large' }),
  );
  await live(5_000);
  expect(sent().slice(1)).toEqual([{ data: { room: 'lobby' } }]);
});

it('joins no room for data that is no JSON', async () => {
  const { sync, last, answer, live } = await setUpOpen();
  answer();
  const other = createPresence<unknown, unknown>(sync, 'other');
  expect(() => other.enter(1n)).toThrow(expect.objectContaining({ code: 'not-json' }));
  await live(1_000);
  const joins = last().sent.flatMap((frame) =>
    'event' in frame && frame.event === '$join' ? [frame.data] : [],
  );
  expect(joins).toEqual(['lobby']);
});

it('keeps its former data if the next is no JSON', async () => {
  const { last, lose, presence, sent, answer, live } = await setUpOpen();
  answer();
  await live(0);
  presence.set(2);
  expect(() => presence.set(new Float32Array(1) as never)).toThrow(
    expect.objectContaining({ code: 'not-json' }),
  );
  await live(1_000);
  expect(sent().at(-1)!.data).toEqual({ room: 'lobby', mine: 2 });
  await lose();
  last().hello({ session: 's' });
  expect(sent()).toMatchObject([{ data: { room: 'lobby', mine: 2 } }]);
});

it('reports first data that the server does not take in a frame, and shows later data', async () => {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const { sync, sent, live } = await setUpOpen();
  const other = createPresence<string, unknown>(sync, 'other');
  const leave = other.enter('x'.repeat(1 << 20));
  await live(0);
  expect(reported).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'too-large' }));
  other.set('short');
  expect(sent().at(-1)!.data).toEqual({ room: 'other', mine: 'short' });
  leave();
  await live(5_000);
  expect(sent().at(-1)!.data).toEqual({ room: 'other' });
});

it('reports later data that no frame can carry, and no promise and no timer of ours fails', async () => {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const { last, sent, presence, live } = await setUpOpen();
  const deep = (): never => JSON.parse('['.repeat(600) + ']'.repeat(600)) as never;
  presence.set(deep());
  const reply = sent().at(-1)!.call!;
  last().say({ reply, data: { id: 'me', name: 'n', size: 1e6, throttle: 50 } });
  await live(1_000);
  expect(reported).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'too-deep' }));
  presence.set(2);
  expect(sent().at(-1)!.data).toEqual({ room: 'lobby', mine: 2 });
  presence.set(deep()); // waits for its time
  await live(1_000);
  expect(reported).toHaveBeenCalledTimes(2);
});
