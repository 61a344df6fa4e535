/** Requests of one session that reach several nodes, as behind a load balancer without sticky sessions. */
import { channel } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { connect, polling, sse } from '@velox/core';
import { memory } from '../src/backplanes/memory/index.js';
import { createHub, type Hub } from '../src/create-hub.js';
import { state } from '../src/publish.js';
import { createRandom } from '../src/testing/random.js';
import { MemoryNetwork } from '../src/testing/memory-network.js';
import { VirtualTime } from '../src/testing/virtual-time.js';
import { warmUp } from '../src/testing/warm-up.js';

/** Several nodes that get connections in turn, on virtual time. */
async function cluster(
  count: number,
): Promise<AsyncDisposable & { time: VirtualTime; network: MemoryNetwork; hubs: Hub[] }> {
  await warmUp();
  const time = new VirtualTime();
  const network = new MemoryNetwork(time);
  const restore = [time.install(createRandom(1).next), network.install()];
  const backplane = memory();
  const hubs = Array.from({ length: count }, () =>
    createHub({ backplane, limits: { opensPerAddress: Infinity } }),
  );
  network.serve(...hubs);
  return {
    time,
    network,
    hubs,
    async [Symbol.asyncDispose]() {
      await Promise.all([...hubs.map((hub) => hub.close()), time.advance(20_000)]);
      for (const undo of restore) undo();
    },
  };
}

describe.each([
  ['polling', polling],
  ['sse', sse],
] as const)('a client over %s, with requests to three nodes in turn', (name, transport) => {
  it('loses and repeats no event in either direction', async () => {
    await using nodes = await cluster(3);
    const { time, network, hubs } = nodes;
    let forwarded = 0;
    const count = (): void => void forwarded++;
    channel('velox:forward').subscribe(count);
    const received: unknown[] = [];
    for (const hub of hubs)
      hub.on('up', (session, data) => {
        received.push(data);
        session.emit('down', data);
      });
    network.path('a');
    const sync = time.within(network.path('a').zone, () =>
      connect(network.urlOf('a'), { transports: [transport()] }),
    );
    const echoed: unknown[] = [];
    sync.on('down', (data) => echoed.push(data));
    const sent = Array.from({ length: 50 }, (_, n) => n);
    for (const n of sent) {
      sync.emit('up', n);
      await time.advance(70);
    }
    await time.advance(2_000);
    channel('velox:forward').unsubscribe(count);
    expect(forwarded).toBeGreaterThan(20);
    expect(received).toEqual(sent);
    expect(echoed).toEqual(sent);
    expect(sync.dropped.get()).toBe(0);
    expect(hubs.map((hub) => hub.stats().sessions).reduce((a, b) => a + b)).toBe(1);
    expect(sync.status.get()).toMatchObject({ state: 'open', transport: name });
    sync.close();
  });
});

it('a request for a session of a node that has died is refused with `unknown-session`, and the client opens a new one', async () => {
  await using nodes = await cluster(2);
  const { time, network, hubs } = nodes;
  network.serve(hubs[0]);
  const sync = time.within(network.path('a').zone, () =>
    connect(network.urlOf('a'), { transports: [polling()] }),
  );
  const end = sync.on('any', () => undefined);
  await time.advance(1_000);
  expect(hubs[0]?.stats().sessions).toBe(1);
  network.serve(hubs[1]);
  network.cut();
  await time.advance(1_000);
  expect(sync.status.get().state).toBe('open');
  await hubs[0]?.close();
  await time.advance(10_000);
  expect([sync.status.get().state, hubs[1]?.stats().sessions]).toEqual(['open', 1]);
  end();
  sync.close();
});

it('a single state with a backplane forwards polls as well', async () => {
  await using nodes = await cluster(0);
  const { time, network } = nodes;
  const backplane = memory();
  const states = [state({ n: 1 }, { backplane }), state({ n: 1 }, { backplane })];
  network.serve(...states);
  network.path('a');
  const sync = time.within(network.path('a').zone, () =>
    connect(network.urlOf('a'), { transports: [polling()] }),
  );
  const replica = sync.replica<{ n: number }>();
  replica.subscribe(() => undefined);
  await time.advance(1_000);
  const reasons = new Set<string | undefined>();
  for (let n = 2; n < 20; n++) {
    for (const each of states) each.update((draft) => void (draft.n = n));
    await time.advance(100);
    reasons.add(sync.status.get().reason?.code);
    expect(replica.get()).toEqual({ n });
  }
  expect([...reasons]).toEqual([undefined]);
  sync.close();
  await Promise.all([...states.map((each) => each.close()), time.advance(20_000)]);
});
