import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEventConnection } from '../connection/connection.js';
import { createFakeTransport } from '../testing/fake-transport.js';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { baseURI: 'http://h/' });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Opens a link of a transport; returns how many frames the client sent on it in 10 s, and the timers that are left after it closed. */
async function watch(name: string) {
  const { transport, last } = createFakeTransport({ name });
  const connection = createEventConnection({ url: 'http://h/', transports: [transport] });
  connection.replica().subscribe(() => {});
  await vi.advanceTimersByTimeAsync(0);
  last().hello();
  const { sent } = last();
  const before = sent.length;
  await vi.advanceTimersByTimeAsync(10_500);
  const probes = sent.slice(before);
  connection.close();
  await vi.advanceTimersByTimeAsync(2_000);
  return { probes, timers: vi.getTimerCount() };
}

describe('on a page in development', () => {
  it('an event stream is asked for a sign of life every 2 s while it is open', async () => {
    const { probes, timers } = await watch('sse');
    expect(probes).toEqual(Array.from({ length: 5 }, () => ({ ping: true })));
    expect(timers).toBe(0);
  });

  it.each(['websocket', 'polling'])('a link by %s is not asked', async (name) => {
    expect((await watch(name)).probes).toEqual([]);
  });

  it('nothing is asked without a page', async () => {
    vi.unstubAllGlobals();
    vi.stubGlobal('document', undefined);
    expect((await watch('sse')).probes).toEqual([]);
  });
});
