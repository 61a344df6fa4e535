/** Clients change their subscriptions and the server their rights: only wanted and allowed topics are on the wire. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { RAW } from './rig/raw-requests.js';
import { StrictClient, until } from './rig/strict-client.js';

/** Sockets take their time: a proof has a tenth of its runs here. */
const numRuns = process.env.VELOX_RUNS ? Math.ceil(Number(process.env.VELOX_RUNS) / 10) : 30;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How often each is drawn. */
const KINDS = { subscribe: 4, unsubscribe: 2, change: 6, withdraw: 3, grant: 4, turn: 6, settle: 2, cut: 1 };
const kind = fc.oneof(
  ...(Object.keys(KINDS) as (keyof typeof KINDS)[]).map((name) => ({
    weight: KINDS[name],
    arbitrary: fc.constant(name),
  })),
);
const step = fc.record({
  kind,
  topic: fc.constantFrom('a', 'b', 'c'),
  /** How long the answer about a right takes. */
  pauses: fc.constantFrom(0, 0, 1, 4),
});

describe.each(['websocket', 'sse', 'polling'] as const)('over %s', (transport) => {
  it('every wanted and allowed topic equals its state, and no other topic arrives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 100, size: 'max' }), async (steps) => {
        const rights = new Set(['a', 'b', 'c']);
        let pauses = 0;
        /** The answer of the time of asking, some time later. */
        const answer = async (allowed: boolean): Promise<boolean> => {
          for (let left = pauses; left > 0; left--) await turn();
          return allowed;
        };
        const canSubscribe = (_: unknown, topic: string): boolean | Promise<boolean> =>
          pauses > 0 ? answer(rights.has(topic)) : rights.has(topic);
        const hub = velox.createHub({ canSubscribe });
        const states = new Map(
          [...rights].map((topic) => [topic, hub.state(topic, { n: 0, pad: 'x'.repeat(100) })]),
        );
        await using server = await listen(hub.handle);
        const client = new StrictClient(states, (...topics) => RAW[transport](server.origin, ...topics));
        const change = (topic: string): void => states.get(topic)?.update((draft) => void draft.n++);
        const rechecks: Promise<void>[] = [];
        await client.settle();
        for (const { kind, topic, ...step } of steps) {
          ({ pauses } = step);
          if (kind === 'subscribe' || kind === 'unsubscribe') client[kind](topic);
          else if (kind === 'change') change(topic);
          else if (kind === 'withdraw') {
            rights.delete(topic);
            rechecks.push(hub.recheck());
            client.forbid(topic);
          } else if (kind === 'grant') {
            rights.add(topic);
            client.allow(topic);
            rechecks.push(hub.recheck());
          } else if (kind === 'turn') await turn();
          else if (kind === 'settle') await client.settle();
          else {
            server.cut();
            if (pauses > 0) client.connect();
          }
        }
        pauses = 0;
        await Promise.all(rechecks);
        await client.settle();
        for (const topic of states.keys()) change(topic); // a wrong member gets this, too
        for (const topic of client.wanted) {
          const { version } = states.get(topic)!.position();
          const isThere = (): boolean =>
            rights.has(topic) ? client.copies.get(topic)?.version === version : client.denied.has(topic);
          await until(() => isThere() || client.isWronged);
        }
        await client.settle();
        client.close();
        expect(client.leaks).toEqual([]);
        for (const topic of client.wanted) {
          if (rights.has(topic)) expect(client.copies.get(topic)).toEqual(states.get(topic)?.snapshot());
        }
      }),
      { numRuns },
    );
  });
});
