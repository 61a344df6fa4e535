/** Clients with rights that resume a shared state on another node. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect, websocket, type Sync } from '@velox/core';
import { memory } from '../src/backplanes/memory/index.js';
import { createHub, type Hub } from '../src/create-hub.js';
import { createRandom } from '../src/testing/random.js';
import { MemoryNetwork } from '../src/testing/memory-network.js';
import { VirtualTime } from '../src/testing/virtual-time.js';
import { warmUp } from '../src/testing/warm-up.js';

interface Board {
  n: number;
  pad: string;
}

let time: VirtualTime;
let network: MemoryNetwork;
let restore: (() => void)[];
let hubs: Hub[];
let isAllowed: boolean;
let sync: Sync;
/** The state frames that the client received: the kind and the version. */
let frames: string[];

beforeEach(async () => {
  await warmUp();
  time = new VirtualTime();
  network = new MemoryNetwork(time);
  restore = [time.install(createRandom(1).next), network.install()];
  const backplane = memory();
  isAllowed = true;
  hubs = Array.from({ length: 2 }, () =>
    createHub({ backplane, canSubscribe: () => isAllowed, limits: { opensPerAddress: Infinity } }),
  );
  network.path('a');
  network.serve(hubs[0]);
  frames = [];
  sync = time.within(network.path('a').zone, () =>
    connect(network.urlOf('a'), { transports: [websocket(network.WebSocket)] }),
  );
  sync.onFrame((frame) => {
    if ('version' in frame)
      frames.push(
        `${'delta' in frame ? 'delta' : 'body' in frame ? 'snapshot' : 'position'} ${frame.version}`,
      );
    if ('denied' in frame) frames.push(`denied ${frame.code}`);
  });
});

afterEach(async () => {
  sync.close();
  await Promise.all([...hubs.map((hub) => hub.close()), time.advance(20_000)]);
  for (const undo of restore) undo();
});

async function moveTo(hub: Hub | undefined): Promise<void> {
  network.serve(hub);
  network.cut();
  await time.advance(3_000);
}

it('resume by delta, with a proof of another node', async () => {
  const boards = hubs.map((hub) => hub.shared<string, Board>('board', { n: 0, pad: 'x'.repeat(500) }));
  const replica = sync.replica<Board>('board');
  replica.subscribe(() => undefined);
  await time.advance(1_000);
  expect(frames).toEqual(['snapshot 1']);
  network.serve(undefined);
  network.cut();
  const updated = boards[0]!.update((draft) => void (draft.n = 1));
  await time.advance(500);
  await updated;
  await moveTo(hubs[1]);
  expect(replica.get()?.n).toBe(1);
  expect(frames).toEqual(['snapshot 1', 'delta 2']);
});

it('get a snapshot on every node after rights were withdrawn on one', async () => {
  const boards = hubs.map((hub) => hub.shared<string, Board>('board', { n: 0, pad: 'x'.repeat(500) }));
  const replica = sync.replica<Board>('board');
  replica.subscribe(() => undefined);
  await time.advance(1_000);
  isAllowed = false;
  void hubs[0]?.recheck();
  await time.advance(500);
  const updated = boards[0]!.update((draft) => void (draft.n = 1));
  await time.advance(500);
  await updated;
  // A session of its own, so that only the proof can tell.
  isAllowed = true;
  network.serve(undefined);
  network.cut();
  await time.advance(60_000);
  await moveTo(hubs[1]);
  await time.advance(30_000);
  expect(replica.get()?.n).toBe(1);
  expect(frames).toEqual(['snapshot 1', 'denied forbidden', 'snapshot 2']);
});
