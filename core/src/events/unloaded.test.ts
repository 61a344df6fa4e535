/** Calls of the server before the code that answers them is loaded, or when it cannot be. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
});
afterEach(() => {
  vi.doUnmock('../platform/load.js');
  vi.useRealTimers();
});

async function setUp() {
  const { createEventConnection } = await import('../connection/connection.js');
  const { createFakeTransport } = await import('../testing/fake-transport.js');
  const { createSync } = await import('./sync.js');
  const fake = createFakeTransport();
  const sync = createSync(createEventConnection({ url: 'http://h/sync', transports: [fake.transport] }));
  const heard: unknown[] = [];
  sync.on('note', (data) => heard.push(data));
  sync.answer('double', (data) => {
    heard.push(`call ${data as number}`);
    return 2 * (data as number);
  });
  await vi.advanceTimersByTimeAsync(0);
  fake.last().hello();
  return { sync, heard, ...fake };
}

it('events and calls wait for the code, in their order', async () => {
  const { heard, last } = await setUp();
  last().say({ event: 'note', data: 'before', seq: 1 });
  last().say({ event: 'double', data: 21, call: 7 });
  last().say({ event: 'note', data: 'after' });
  expect(heard).toEqual([]);
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toEqual(['before', 'call 21', 'after']);
  expect(last().sent).toContainEqual({ reply: 7, data: 42, seq: 1 });
});

it('a call stays unanswered if the code cannot be loaded, and later events arrive', async () => {
  const load = (): Promise<never> => Promise.reject(new Error('Failed to fetch'));
  vi.doMock('../platform/load.js', () => ({ loaded: undefined, load }));
  const { sync, heard, last } = await setUp();
  last().say({ event: 'double', data: 21, call: 7, seq: 1 });
  last().say({ event: 'note', data: 'after' });
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toEqual(['after']);
  expect(last().sent.filter((frame) => 'reply' in frame)).toEqual([]);
  expect(sync.status.get().state).toBe('open');
});
