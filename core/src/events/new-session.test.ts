/** The queue of a client when another session begins: its rooms come first, and nothing is older than it is. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createEventConnection } from '../connection/connection.js';
import type { EventOptions } from '../connection/options.js';
import type { Hello } from '../protocol/frames.js';
import { createFakeTransport } from '../testing/fake-transport.js';
import { createSync } from './sync.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

const limits = (own: Partial<Hello['limits']>): Hello['limits'] =>
  ({ frame: 1 << 20, depth: 500, rate: 1_000, ...own }) as Hello['limits'];

/** An open connection, and the messages of its newest link. */
async function setUp(events?: EventOptions) {
  const fake = createFakeTransport();
  const sync = createSync(createEventConnection({ url: 'http://h/', transports: [fake.transport], events }));
  sync.on('news', () => undefined); // keeps it open
  await pass();
  fake.last().hello();
  const sent = (): string[] =>
    fake.last().sent.flatMap((frame) => ('event' in frame ? [`${frame.event} ${String(frame.data)}`] : []));
  /** Waits until the present link is gone, if it is not, and answers the next one. */
  const comeBack = async (hello: Partial<Hello>): Promise<void> => {
    const { length } = fake.links;
    while (fake.links.length === length || fake.last().closed) await pass(100);
    fake.last().hello(hello);
    await pass();
  };
  return { ...fake, sync, sent, comeBack };
}

it('keeps an idempotent call as long as any other, if the link of the new session falls silent', async () => {
  const { sync, last, sent, comeBack } = await setUp();
  const failed = vi.fn();
  sync.call('ask', 1, { idempotent: true, timeout: 120_000 }).catch(failed);
  last().say({ ack: 1 });
  last().lose();
  await comeBack({ session: 's2' });
  expect(sent()).toEqual(['ask 1']);
  await comeBack({ session: 's3' }); // 20 s later
  expect(failed).not.toHaveBeenCalled();
  expect(sent()).toEqual(['ask 1']);
});

it('reports no lost event if the link falls silent before a join is acknowledged', async () => {
  const { sync, last, sent, comeBack } = await setUp();
  sync.join('hall');
  last().say({ reply: 1, data: null });
  last().lose();
  await comeBack({ session: 's2' });
  await pass(10_000);
  sync.emit('message', 1);
  const onReconnect = vi.fn();
  sync.onReconnect(onReconnect);
  await comeBack({ session: 's2', ack: 0 });
  expect(onReconnect).toHaveBeenCalledExactlyOnceWith({ recovered: true, dropped: 0 });
  expect(sent()).toEqual(['$join hall', 'message 1']);
});

it('says of an idempotent call that was written, and that the new session does not take, that it may have run', async () => {
  const { sync, last, comeBack } = await setUp();
  const call = sync.call('ask', 'x'.repeat(2_000), { idempotent: true });
  const failed = expect(call).rejects.toMatchObject({ code: 'unknown-outcome' });
  await pass();
  last().lose();
  await comeBack({ session: 's2', limits: limits({ frame: 1_000 }) });
  await failed;
});

it('joins all rooms first, also if the queue is full and the server takes few frames a second', async () => {
  const { sync, last, sent, comeBack } = await setUp({ count: 100 });
  const rooms = Array.from({ length: 60 }, (_, at) => `room ${at}`);
  for (const room of rooms) sync.join(room);
  await pass(1_000);
  for (const at of rooms.keys()) last().say({ reply: at + 1, data: null });
  last().say({ ack: rooms.length });
  await pass(5_000); // its frames of the last second count
  last().say({ ping: true });
  last().lose();
  for (let n = 0; n < 100; n++) sync.emit('message', n);
  await pass(2_000);
  sync.onReconnect(() => {
    for (let n = 0; n < 5; n++) sync.emit('back', n);
  });
  await comeBack({ session: 's2', limits: limits({ rate: 40 }) });
  for (let turn = 0; turn < 20; turn++) {
    last().say({ ack: sent().length });
    await pass(600);
  }
  const joins = sent().filter((each) => each.startsWith('$join'));
  expect(joins).toEqual(rooms.map((room) => `$join ${room}`));
  expect(sent().slice(0, rooms.length)).toEqual(joins);
  expect(sent().at(-1)).toBe('back 4');
});

it('gives idempotent calls to the new session in their order, those that the former one acknowledged first', async () => {
  const { sync, last, sent, comeBack } = await setUp();
  const call = (name: string): void => {
    sync.call(name, 0, { idempotent: true }).catch(() => undefined);
  };
  call('acknowledged');
  last().say({ ack: 1 });
  sync.emit('draft', 0);
  call('written');
  last().lose();
  call('waiting');
  sync.emit('note', 0);
  await comeBack({ session: 's2' });
  expect(sent()).toEqual(['acknowledged 0', 'draft 0', 'written 0', 'waiting 0', 'note 0']);
});

it('sends each idempotent call once if another new session begins while the server takes few frames a second', async () => {
  const { sync, last, sent, comeBack } = await setUp();
  const calls = [1, 2, 3, 4, 5, 6];
  for (const call of calls) sync.call('save', call, { idempotent: true, timeout: 120_000 }).catch(() => {});
  last().say({ ack: 2 });
  await pass(1_000); // from here on, the limit of the next link applies
  for (const session of ['s2', 's3']) {
    last().lose();
    await comeBack({ session, limits: limits({ rate: 10 }) });
  }
  await pass(2_000);
  expect(sent()).toEqual(calls.map((call) => `save ${call}`));
});
