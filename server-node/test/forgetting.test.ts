/** What closed sessions leave behind on a server: nothing. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as velox from '../src/index.js';

/** How many sessions come and go in one round. */
const SESSIONS = 2_000;
/** The length of each name, so that one map that keeps its keys shows in the heap: 500 B for each session. */
const LENGTH = 500;
/** The most that the heap may grow, in bytes for each session. */
const MOST_GROWTH = 250;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }),
);
afterEach(() => void vi.useRealTimers());

let count = 0;
const unique = (what: string): string => `${what} ${count++} `.padEnd(LENGTH, '.');

function createHub() {
  const hub: velox.Hub = velox.createHub({
    authorize: ({ token }) => ({ user: token }),
    identify: (context) => (context as { user: string }).user,
    name: () => unique('name'),
    canJoin: () => true,
    canSubscribe: () => true,
    patience: 1_000,
    onConnect(session) {
      void session.join(unique('room'));
      if (count % 20 === 0) void session.join('lobby'); // each member costs work for each other one
      (session.data as Record<string, unknown>).note = unique('data');
    },
  });
  hub.state('board', { n: 0 });
  hub.entity('items', { fetch: (id) => ({ id }), linger: 1_000 });
  hub.on('chat', () => {});
  hub.presence({ of: () => ({ id: unique('member') }) });
  return hub;
}

/** Opens a session with topics, rooms, a name and an identity of its own, and cuts it. */
async function comeAndGo(hub: velox.Hub): Promise<void> {
  const cut = new AbortController();
  const items = unique('items/').replace(' ', '');
  const response = await hub.fetch(
    new Request('http://h/?velox=3', {
      method: 'POST',
      body: JSON.stringify([
        { open: { token: unique('user') } },
        { subscribe: [{ topic: 'board' }, { topic: items }, { topic: unique('no topic') }] },
        { event: 'chat', data: unique('text') },
      ]),
      headers: { accept: 'text/event-stream' },
      signal: cut.signal,
    }),
  );
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  cut.abort();
}

async function round(hub: velox.Hub): Promise<void> {
  for (let n = 0; n < SESSIONS; n += 100) {
    await Promise.all(Array.from({ length: 100 }, () => comeAndGo(hub)));
  }
  for (let s = 0; s < 60; s++) await vi.advanceTimersByTimeAsync(1_000);
}

async function heap(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve)); // weak references end with their turn
  }
  return process.memoryUsage().heapUsed;
}

describe('after 2,000 sessions with topics, rooms, names and identities', { timeout: 600_000 }, () => {
  it('numbers, timers and heap of a hub return to their former level', async () => {
    const hub = createHub();
    await round(hub); // code is compiled, and tables have their size
    const before = { stats: hub.stats(), timers: vi.getTimerCount(), heap: await heap() };
    await round(hub);
    await round(hub);
    const after = { stats: hub.stats(), timers: vi.getTimerCount(), heap: await heap() };
    expect(after.stats).toMatchObject({ sessions: 0, away: 0, subscriptions: 0, waiting: 0 });
    expect(after.stats.topics).toBe(before.stats.topics);
    expect(after.timers).toBe(before.timers);
    expect((after.heap - before.heap) / (2 * SESSIONS)).toBeLessThan(MOST_GROWTH);
    await hub.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
