/** A hub and its typed client together, over real sockets. */
import { connect, type Replica } from '@velox/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from './index.js';
import { listen } from './testing/listen.js';

const runs = Math.ceil(Number(process.env.VELOX_RUNS ?? 500) / 20);
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

describe.each(['websocket', 'sse'] as const)('many topics over %s', (transport) => {
  it('whoever comes and goes while they change: what is wanted equals its state, nothing else arrives', async () => {
    const steps = fc.array(
      fc.record({
        topic: fc.nat(7),
        kind: fc.constantFrom('toggle', 'toggle', 'change', 'change', 'turn', 'cut'),
      }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (todo) => {
        const hub = velox.createHub();
        const states = Array.from({ length: 8 }, (_, i) => hub.state(`t${i}`, { n: 0, pad: PAD }));
        await using server = await listen(hub.handle);
        const sync = connect(server.origin, { transport, WebSocket });
        /** What is subscribed on the link, as the frames say; whatever comes beyond is a leak. */
        const wanted = new Map<string, { replica: Replica<unknown>; end: () => void }>();
        const ever = new Set<string>();
        const leaks: unknown[] = [];
        sync.onFrame((frame) => {
          if ('version' in frame && !ever.has(frame.topic ?? '')) leaks.push(frame);
        });
        for (const { topic, kind } of todo) {
          const name = `t${topic}`;
          const held = wanted.get(name);
          if (kind === 'toggle' && held) {
            held.end();
            wanted.delete(name);
          } else if (kind === 'toggle') {
            const replica = sync.replica(name);
            wanted.set(name, { replica, end: replica.subscribe(() => undefined) });
            ever.add(name);
          } else if (kind === 'change') {
            states[topic]?.update((draft) => void (draft as { n: number }).n++);
          } else if (kind === 'cut') {
            server.cut();
          } else {
            await turn();
          }
        }
        for (const [name, { replica }] of wanted) {
          const state = states[Number(name.slice(1))] as velox.State<unknown>;
          await until(replica, () => JSON.stringify(replica.get()) === state.text());
        }
        expect(leaks).toEqual([]);
        sync.close();
      }),
      { numRuns: runs },
    );
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
