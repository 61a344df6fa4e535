import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFakeTransport } from '../testing/fake-transport.js';
import { connect } from './connect.js';
import { refusal } from './refusal.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function setUp() {
  const { transport, last } = createFakeTransport();
  const sync = connect('http://h/sync', { transports: [transport] });
  const row = sync.replica('items/7');
  row.subscribe(() => {});
  await vi.advanceTimersByTimeAsync(0);
  return { sync, row, last };
}

it.each(['not-found', 'forbidden', 'unauthorized', 'too-many'])(
  'is the denial of the topic: %s',
  async (code) => {
    const { sync, row, last } = await setUp();
    last().hello();
    expect(refusal(row)).toBeUndefined();
    last().say({ denied: 'items/7', code });
    expect(refusal(row)).toMatchObject({ code });
    expect(refusal(sync.replica('items/8'))).toBeUndefined();
    last().say({ topic: 'items/7', id: 'a', version: 1, body: 7 });
    await vi.advanceTimersByTimeAsync(100);
    expect(refusal(row)).toBeUndefined();
    sync.close();
  },
);

it.each(['too-many', 'unavailable'])('is not a refused link that is tried again: %s', async (code) => {
  const { sync, row, last } = await setUp();
  last().lose({ code, message: 'later', retry: 5_000 });
  expect(row.status.get().reason?.code).toBe(code);
  expect(refusal(row)).toBeUndefined();
  sync.close();
});

it('is a stale topic only if that was denied', async () => {
  const { sync, row, last } = await setUp();
  last().hello();
  last().say({ topic: 'items/7', stale: 'fetch-failed' });
  expect(row.status.get().reason?.code).toBe('stale');
  expect(refusal(row)).toBeUndefined();
  sync.close();
  expect(refusal(row)).toMatchObject({ code: 'closed' });
});

it('has the message of the server alone, and says how to open a closed connection', async () => {
  const { sync, row, last } = await setUp();
  last().hello();
  last().say({ denied: 'items/7', code: 'forbidden' });
  expect(refusal(row)?.message).toBe(
    'velox: the topic "items/7" is denied. Check canSubscribe on the server.',
  );
  sync.close();
  expect(refusal(sync.replica('items/8'))?.message).toBe(
    'velox: the connection is closed. Call reconnect() to open it again.',
  );
});
