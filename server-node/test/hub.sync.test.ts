/** A hub and its typed client together, over real sockets. */
import { connect, type Replica } from '@velox/core';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';

/** Sockets take their time: a proof has a tenth of its runs here. */
const runs = process.env.VELOX_RUNS ? Math.ceil(Number(process.env.VELOX_RUNS) / 10) : 20;
const PAD = 'x'.repeat(100);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Resolves when `holds` does, asked at each change of a readable. */
function until(source: { subscribe(fn: () => void): () => void }, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!holds()) return;
      end();
      resolve();
    };
    const end = source.subscribe(check);
    queueMicrotask(check);
  });
}

describe('many topics on a WebSocket', () => {
  it('components that subscribe in one tick send one frame', async () => {
    const hub = velox.createHub();
    for (let i = 0; i < 300; i++) hub.state(`t${i}`, { n: i });
    await using server = await listen(hub.handle);
    const sent: string[] = [];
    class Counting extends WebSocket {
      override send(data: string): void {
        sent.push(data);
        super.send(data);
      }
    }
    const sync = connect(server.origin, { transport: 'websocket', WebSocket: Counting });
    const first = sync.replica<{ n: number }>('t0');
    await until(first, () => first.get() !== undefined);
    sent.length = 0;
    const replicas = Array.from({ length: 300 }, (_, i) => sync.replica<{ n: number }>(`t${i}`));
    await Promise.all(replicas.map((replica) => until(replica, () => replica.get() !== undefined)));
    expect(sent).toHaveLength(1);
    expect(replicas.map((replica) => replica.get()?.n)).toEqual(replicas.map((_, i) => i));
    sync.close();
  });
});

const TOPICS = ['a', 'b', 'c', 'd'] as const;
const step = fc.record({
  topic: fc.constantFrom(...TOPICS),
  kind: fc.constantFrom(
    ...['toggle', 'toggle', 'change', 'change', 'change', 'withdraw', 'grant'],
    ...['linger', 'turn', 'turn', 'open', 'cut'],
  ),
});

describe.each(['websocket', 'sse', 'polling'] as const)('many topics over %s', (transport) => {
  it('clients come and go while they and the rights change: wanted topics are right, and no others are kept', async () => {
    // The clock is the test's: it moves when a client lingers, or waits to connect again.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const rights = new Set<string>(TOPICS);
        const hub = velox.createHub({ canSubscribe: (_, topic) => rights.has(topic) });
        const states = new Map(
          TOPICS.map((topic) => [topic as string, hub.state(topic, { n: 0, pad: PAD })]),
        );
        await using server = await listen(hub.handle);
        const sync = connect(server.origin, { transport, WebSocket });
        const wanted = new Map<string, { replica: Replica<{ n: number }>; end: () => void }>();
        /** The topics present when a right was withdrawn. */
        const last = new Map<string, number>();
        const until = async (holds: () => boolean): Promise<void> => {
          while (!holds()) {
            // The clock goes on when nothing else does: `fetch` answers never when its socket was cut just as it opened, and only
            // the patience of the connection ends that.
            const { retryAt = Date.now() + 1 } = sync.status.get();
            vi.advanceTimersByTime(Math.max(retryAt - Date.now(), 0));
            await turn();
          }
        };
        for (const { topic, kind } of steps) {
          const held = wanted.get(topic);
          if (kind === 'toggle' && held) {
            held.end();
            wanted.delete(topic);
          } else if (kind === 'toggle') {
            const replica = sync.replica<{ n: number }>(topic);
            wanted.set(topic, { replica, end: replica.subscribe(() => undefined) });
          } else if (kind === 'change') states.get(topic)?.update((draft) => void draft.n++);
          else if (kind === 'withdraw' && rights.delete(topic)) {
            last.set(topic, states.get(topic)?.get().n ?? 0);
            await hub.recheck();
          } else if (kind === 'grant') {
            rights.add(topic);
            await hub.recheck();
          } else if (kind === 'linger') vi.advanceTimersByTime(1_000);
          else if (kind === 'open')
            await until(() => wanted.size === 0 || sync.status.get().state === 'open');
          else if (kind === 'cut') server.cut();
          else await turn();
        }
        vi.advanceTimersByTime(1_000); // released replicas have lingered
        for (const [topic, { replica }] of wanted) {
          const text = (): string | undefined => JSON.stringify(states.get(topic)?.get());
          const isShown = (): boolean =>
            !replica.status.get().stale && JSON.stringify(replica.get()) === text();
          const isDenied = (): boolean => replica.status.get().reason?.code === 'forbidden';
          await until(rights.has(topic) ? isShown : isDenied);
          if (!rights.has(topic)) expect(replica.get()?.n ?? 0).toBeLessThanOrEqual(last.get(topic) ?? -1);
        }
        // The server keeps only wanted topics, so the unsubscriptions have arrived. A session whose client has never
        // heard of it, as the first answer was lost, ends in its time.
        const isKept = (): boolean => hub.stats().subscriptions === wanted.size;
        if (wanted.size > 0) await until(() => isKept() || (vi.advanceTimersByTime(10), isKept()));
        sync.close();
      }),
      { numRuns: runs },
    );
  });

  it('500 replicas of which 50 change in a tick: each is right, and the others are left alone', async () => {
    const hub = velox.createHub();
    const states = Array.from({ length: 500 }, (_, i) => hub.state(`t${i}`, { n: 0, pad: PAD }));
    await using server = await listen(hub.handle);
    const sync = connect(server.origin, { transport, WebSocket });
    const replicas = states.map((_, i) => sync.replica<{ n: number; pad: string }>(`t${i}`));
    const notified = states.map(() => 0);
    replicas.forEach((replica, i) => replica.subscribe(() => void notified[i]!++));
    const shown = (): unknown[] => replicas.map((replica) => replica.get());
    const right = (): unknown[] => states.map((state) => state.get());
    const last = replicas.at(-1) as Replica<unknown>;
    await until(last, () => last.get() !== undefined);
    expect(shown()).toEqual(right());
    const before = shown();
    const frames: unknown[] = [];
    sync.onFrame((frame) => 'version' in frame && frames.push(frame));
    const changing = states.map((_, i) => i).filter((i) => i % 10 === 9);
    for (const i of changing) states[i]?.update((draft) => void (draft.n = i));
    await until(last, () => last.get() !== before.at(-1));
    expect(shown()).toEqual(right());
    expect(frames).toHaveLength(50);
    expect(notified).toEqual(states.map((_, i) => (i % 10 === 9 ? 2 : 1)));
    shown().forEach((value, i) => i % 10 === 9 || expect(value).toBe(before[i]));
    sync.close();
  });

  it('denied and unknown topics show in their own status, and in no other', async () => {
    const hub = velox.createHub({ canSubscribe: (_, topic) => topic !== 'secret' });
    for (const topic of ['open', 'secret']) hub.state(topic, { topic });
    await using server = await listen(hub.handle);
    const sync = connect(server.origin, { transport, WebSocket });
    const [open, secret, unknown] = ['open', 'secret', 'unknown'].map((topic) => sync.replica(topic)) as [
      Replica<unknown>,
      Replica<unknown>,
      Replica<unknown>,
    ];
    for (const replica of [open, secret, unknown]) replica.subscribe(() => undefined);
    await until(secret.status, () => secret.status.get().reason !== undefined);
    await until(unknown.status, () => unknown.status.get().reason !== undefined);
    await until(open, () => open.get() !== undefined);
    expect(secret.status.get()).toMatchObject({ state: 'open', stale: true, reason: { code: 'forbidden' } });
    expect(unknown.status.get()).toMatchObject({ state: 'open', stale: true, reason: { code: 'not-found' } });
    expect(open.status.get()).toMatchObject({ state: 'open', stale: false });
    expect(open.status.get().reason).toBeUndefined();
    hub.state('unknown', { topic: 'unknown' }); // and is there after all
    await until(unknown.status, () => !unknown.status.get().stale);
    expect(unknown.get()).toEqual({ topic: 'unknown' });
    expect(unknown.status.get().reason).toBeUndefined();
    sync.close();
  });
});
