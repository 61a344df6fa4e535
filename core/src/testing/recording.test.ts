import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createConnection, createEventConnection } from '../connection/connection.js';
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
