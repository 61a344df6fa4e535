import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createConnection, createEventConnection } from '../connection/connection.js';
import type { Transport } from '../connection/transport.js';
import { createSync } from '../events/sync.js';
import { createFakeTransport } from './fake-transport.js';
import { record, replay, type Recording } from './recording.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const url = 'http://host.test/sync';

async function recorded(): Promise<Recording> {
  const fake = createFakeTransport();
  const connection = createConnection({ url, transports: [fake.transport], retry: { delay: () => 100 } });
  const take = record(connection);
  connection.replica('').subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  fake.last().hello({ session: 'secret' });
  fake.last().say({ id: 'a', version: 1, body: { n: 1 } });
  await vi.advanceTimersByTimeAsync(1_000);
  fake.last().say({ version: 2, delta: true, body: [{ op: 'replace', path: '/n', value: 2 }] });
  fake.last().lose();
  await vi.advanceTimersByTimeAsync(100);
  fake.last().hello({ session: 'secret' });
  fake.last().say({ id: 'a', version: 3, body: { n: 3 } });
  connection.close();
  return JSON.parse(JSON.stringify(take())) as Recording;
}

it('plays a recording at its own pace, including the loss of a link', async () => {
  const recording = await recorded();
  const connection = createConnection({ url, transports: [replay(recording)], retry: { delay: () => 100 } });
  const replica = connection.replica<{ n: number }>('');
  const seen: unknown[] = [];
  replica.subscribe(() => seen.push(replica.get()?.n));
  await vi.advanceTimersByTimeAsync(999);
  expect(seen).toEqual([1]);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen).toEqual([1, 2]);
  await vi.advanceTimersByTimeAsync(200);
  expect(seen).toEqual([1, 2, 3]);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(connection.status.get()).toMatchObject({ state: 'open', stale: false });
  connection.close();
  expect(vi.getTimerCount()).toBe(0);
});

it('plays faster and acknowledges sent frames', async () => {
  const recording = await recorded();
  const connection = createEventConnection({ url, transports: [replay(recording, 10)] });
  const acks: number[] = [];
  connection.onFrame((frame) => !('ping' in frame) && 'ack' in frame && acks.push(frame.ack));
  const replica = connection.replica<{ n: number }>('');
  replica.subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(100);
  expect(replica.get()).toEqual({ n: 2 });
  connection.send('{"event":"note","data":1,"seq":1}');
  connection.send('{"event":"note","data":2}');
  await vi.advanceTimersByTimeAsync(0);
  expect(acks).toEqual([1, 2]);
  connection.close();
});

it('contains no secret', async () => {
  expect(JSON.stringify(await recorded())).not.toContain('secret');
});

it('keeps sessions apart, and knows one that has moved', async () => {
  const hear = async (
    transport: Transport,
    play: () => Promise<void>,
  ): Promise<[string, () => Recording]> => {
    const carrier = createEventConnection({ url, transports: [transport], retry: { delay: () => 100 } });
    const sync = createSync(carrier);
    const take = record(sync);
    const heard: unknown[] = [];
    sync.on('n', (data) => heard.push(data));
    sync.onReconnect(({ recovered }) => heard.push(recovered));
    await vi.advanceTimersByTimeAsync(0);
    await play();
    sync.close();
    return [heard.join(), take];
  };
  const { transport, last } = createFakeTransport();
  const [live, take] = await hear(transport, async () => {
    const lose = async (): Promise<void> => {
      last().lose();
      await vi.advanceTimersByTimeAsync(100);
    };
    last().hello({ session: 'secret' });
    last().say({ event: 'n', data: 'one', seq: 1 });
    await lose();
    last().hello({ session: 'secret of another server' });
    last().say({ event: 'n', data: 'two', seq: 1 });
    await lose();
    last().hello({ session: 'secret of a third', was: 'secret of another server' });
    last().say({ event: 'n', data: 'three', seq: 2 });
  });
  expect(live).toBe('one,false,two,true,three');
  expect(JSON.stringify(take())).not.toContain('secret');
  const [again] = await hear(replay(take()), () => vi.advanceTimersByTimeAsync(5_000).then(() => undefined));
  expect(again).toBe(live);
});
