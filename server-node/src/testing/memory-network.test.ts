import { connect, type Sync } from '@velox/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHub, type Hub } from '../create-hub.js';
import type { State } from '../state/state.js';
import { inflict, type Harm } from './faults.js';
import { MemoryNetwork } from './memory-network.js';
import type { Path } from './memory-path.js';
import { warmUp } from './warm-up.js';
import { VirtualTime } from './virtual-time.js';

interface Value {
  n: number;
}

let time: VirtualTime;
let network: MemoryNetwork;
let hub: Hub;
let state: State<Value>;
let path: Path;
let restore: (() => void)[];
let connections: number;

beforeEach(async () => {
  await warmUp();
  time = new VirtualTime();
  network = new MemoryNetwork(time);
  restore = [time.install(() => 0.5), network.install()];
  hub = createHub();
  state = hub.state('', { n: 0 });
  network.serve(hub);
  path = network.path('ann');
  connections = 0;
  path.latency = () => {
    connections++;
    return 5;
  };
});
afterEach(() => restore.forEach((undo) => undo()));

const open = async (transport: 'websocket' | 'sse' | 'polling'): Promise<Sync> => {
  const { WebSocket } = network;
  const sync = time.within(path.zone, () => connect(network.urlOf('ann'), { transport, WebSocket }));
  time.within(path.zone, () => sync.replica('').subscribe(() => undefined));
  await time.advance(100);
  return sync;
};
const write = (n: number): void => time.within(network.server, () => state.update(() => ({ n })));
const harm = (what: Harm): void => inflict(what, path, network);
const valueOf = (sync: Sync): unknown => sync.replica('').get();

describe.each(['websocket', 'sse', 'polling'] as const)('a network in memory: %s', (transport) => {
  it('carries values, each after its latency', async () => {
    const sync = await open(transport);
    expect(sync.status.get()).toMatchObject({ state: 'open', transport });
    write(1);
    await time.advance(4);
    expect(valueOf(sync)).toEqual({ n: 0 });
    await time.advance(transport === 'polling' ? 11 : 1);
    expect(valueOf(sync)).toEqual({ n: 1 });
  });

  it('delivers each message once', async () => {
    const sync = await open(transport);
    const heard: unknown[] = [];
    time.within(network.server, () => hub.on('note', (_, note) => heard.push(note)));
    harm({ harm: 'duplicate', ms: 1_000 });
    time.within(path.zone, () => [1, 2, 3].forEach((note) => sync.emit('note', note)));
    await time.advance(500);
    expect(heard).toEqual([1, 2, 3]);
  });

  it('drops connections, and both ends know', async () => {
    const sync = await open(transport);
    harm({ harm: 'drop' });
    await time.advance(1);
    expect(sync.status.get().state).toBe('waiting');
    const { sessions, away } = hub.stats();
    expect(sessions - away).toBe(0);
    await time.advance(1_000);
    expect(sync.status.get().state).toBe('open');
  });

  it('has dead connections without a close, and a client detects them', async () => {
    const sync = await open(transport);
    harm({ harm: 'half-open', told: 'nobody' });
    write(1);
    await time.advance(10_000);
    expect([sync.status.get().state, valueOf(sync)]).toEqual(['open', { n: 0 }]);
    await time.advance(16_000);
    expect([sync.status.get().state, valueOf(sync)]).toEqual(['open', { n: 1 }]);
  });

  it('stalls, and delivers everything afterwards', async () => {
    const sync = await open(transport);
    harm({ harm: 'stall', ms: 3_000 });
    write(1);
    await time.advance(2_900);
    expect(valueOf(sync)).toEqual({ n: 0 });
    await time.advance(200);
    expect(valueOf(sync)).toEqual({ n: 1 });
  });

  it('refuses to connect', async () => {
    const sync = await open(transport);
    harm({ harm: 'refuse', ms: 5_000, what: [transport] });
    await time.advance(4_000);
    expect(sync.status.get().state).not.toBe('open');
    await time.advance(3_000);
    expect(sync.status.get().state).toBe('open');
  });
});

it('a slow reader gets fewer and larger steps, and no stale ones', async () => {
  const sync = await open('websocket');
  const seen: number[] = [];
  time.within(path.zone, () => {
    const replica = sync.replica<Value & { pad: string }>('');
    replica.subscribe(() => seen.push(replica.get()?.n ?? 0));
  });
  harm({ harm: 'slow', ms: 20_000, rate: 20_000 });
  for (let n = 1; n <= 100; n++) {
    time.within(network.server, () => state.update(() => ({ n, pad: `${n}`.padEnd(5_000) })));
    await time.advance(50);
  }
  await time.advance(15_000);
  expect(seen.at(-1)).toBe(100);
  expect(seen.length).toBeLessThan(60);
  expect(connections).toBe(2); // one connection, both of its ways
});
