/** Notifications of rows that a node or the bus loses: all nodes have the newest rows in the end. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withParts } from '../src/cluster/bus-parts.js';
import { NodeCluster, type ClusterNode } from './rig/node-cluster.js';
import type { NodeBus } from './rig/node-bus.js';

interface Row {
  readonly n: number;
}

let cluster: NodeCluster;
/** The row in the database. */
let n: number;

beforeEach(async () => {
  n = 1;
  cluster = await NodeCluster.start();
});
afterEach(() => cluster[Symbol.asyncDispose]());

function start(prepare?: (bus: NodeBus) => void): ClusterNode {
  const node = cluster.node({ logger: () => undefined }, prepare);
  node.hub.entity('items', { fetch: () => ({ n }) });
  return node;
}

/** A fetch begins with `setImmediate`, which is real. */
async function pass(ms: number): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await cluster.time.advance(ms / 5);
}

/** Returns the row as a client of a node shows it. */
async function watch(node: ClusterNode): Promise<() => Row | undefined> {
  const { sync } = await cluster.client('ann', node);
  const replica = sync.replica<Row>('items/7');
  replica.subscribe(() => undefined);
  await pass(500);
  expect(replica.get()).toEqual({ n: 1 });
  return () => replica.get();
}

it('a notification that the bus refuses reaches the other nodes when the bus takes messages again', async () => {
  const [east, west] = [start(), start()];
  const row = await watch(west);
  await pass(2_000);
  east.bus.disconnect();
  n = 2;
  for (let count = 0; count < 3; count++) east.hub.notify('items', '7');
  await pass(5_000);
  expect(row()).toEqual({ n: 1 });
  east.bus.reconnect();
  await pass(3_000);
  expect(row()).toEqual({ n: 2 });
});

it('a node that is closed does not repeat a notification that the bus refused', async () => {
  const [east, west] = [start(), start()];
  const row = await watch(west);
  await pass(2_000);
  east.bus.disconnect();
  n = 2;
  east.hub.notify('items', '7');
  void east.hub.close();
  await pass(10_000);
  east.bus.reconnect();
  await pass(5_000);
  expect(row()).toEqual({ n: 1 });
});

it.each([
  ['another node', 'velox entity items'],
  ['another program', 'changed'],
])('a change that %s tells of before a node hears the bus is fetched when it does', async (teller, late) => {
  const east = start();
  const west = start((bus) => {
    bus.subscribeMs = (subject) => (subject === late ? 4_000 : 0);
  });
  const row = await watch(west);
  n = 2;
  if (teller === 'another node') east.hub.notify('items', '7');
  else await withParts(east.bus).publish('changed', '["items","7"]');
  await pass(1_000);
  expect(row()).toEqual({ n: 1 });
  await pass(4_000);
  expect(row()).toEqual({ n: 2 });
});
