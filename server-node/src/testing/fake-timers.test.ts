import { afterEach, expect, it, vi } from 'vitest';
import { createTestSync } from './create-test-sync.js';

afterEach(() => void vi.useRealTimers());

const MESSAGE = /fake timers are installed, and createTestSync\(\) owns time\. Call useRealTimers\(\)/;

it('createTestSync says what to do under fake microtasks, as Jest has them, instead of waiting forever', async () => {
  vi.useFakeTimers({ toFake: ['queueMicrotask'] });
  await expect(createTestSync()).rejects.toThrow(MESSAGE);
});

it('an open test says what to do if timers are faked', async () => {
  await using test = await createTestSync();
  vi.useFakeTimers();
  await expect(test.advance()).rejects.toThrow(MESSAGE);
  await expect(test.endure([])).rejects.toThrow(MESSAGE);
  vi.useRealTimers();
  await test.advance();
});

it('createTestSync works under fake timers that leave microtasks alone', async () => {
  vi.useFakeTimers();
  await using test = await createTestSync();
  test.hub.state('board', { n: 1 });
  const replica = test.connect().replica('board');
  replica.subscribe(() => undefined);
  await test.advance();
  expect(replica.get()).toEqual({ n: 1 });
});
