import { connect, polling, sse, websocket } from '@velox/core';
import { describe, expect, it } from 'vitest';
import { createHub } from '../src/create-hub.js';
import { MemoryNetwork } from '../src/testing/memory-network.js';
import { createRandom } from '../src/testing/random.js';
import { warmUp } from '../src/testing/warm-up.js';
import { VirtualTime } from '../src/testing/virtual-time.js';

const HOUR = 3_600_000;
/** Bytes a second that the link carries: less than a burst brings in the time that it takes. */
const RATE = 40_000;
const TEXT = 4_000;

/** An hour in which a state is quiet for up to a minute, and then changes more often than the link can tell. */
async function anHour(first: 'websocket' | 'sse'): Promise<{ links: string[]; seen: number; n: number }> {
  await warmUp();
  const time = new VirtualTime();
  const network = new MemoryNetwork(time);
  const { between, next } = createRandom(1);
  const restore = [time.install(next), network.install()];
  try {
    const hub = createHub();
    const state = hub.state('', { n: 0, text: '' });
    network.serve(hub);
    const path = network.path('client');
    path.latency = () => between(5, 50);
    path.rate = RATE / 1_000;
    const ways = [websocket(network.WebSocket), sse(), polling()];
    const links: string[] = [];
    const replica = time.within(path.zone, () => {
      const { replica, status } = connect(network.urlOf('client'), {
        transports: first === 'sse' ? ways.slice(1) : ways,
      });
      let before = '';
      status.subscribe(() => {
        const { state: now, transport } = status.get();
        if (now !== before && now === 'connecting') links.push(`${transport}`);
        before = now;
      });
      const wanted = replica<{ n: number; text: string }>('');
      wanted.subscribe(() => seen++);
      return wanted;
    });
    let seen = 0;
    for (let n = 0; time.now < HOUR;) {
      for (let count = between(20, 100); count > 0; count--) {
        n++;
        time.within(network.server, () => state.update(() => ({ n, text: `${n}`.padEnd(TEXT) })));
        await time.advance(between(0, 40));
      }
      await time.advance(between(1_000, 60_000));
    }
    await time.advance(30_000);
    expect(replica.get()?.n).toBe(state.get().n);
    return { links, seen, n: state.get().n };
  } finally {
    restore.forEach((undo) => undo());
  }
}

describe.each(['websocket', 'sse'] as const)('an hour of bursts over %s', (first) => {
  it(
    'is one link: no silence is reported, and no other transport is tried',
    { timeout: 120_000 },
    async () => {
      const { links, seen, n } = await anHour(first);
      expect(links).toEqual([first]);
      expect(n).toBeGreaterThan(5_000);
      expect(seen).toBeLessThan(n); // it was too much for the link
    },
  );
});
