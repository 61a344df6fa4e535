/** Sessions that move to another node while an asynchronous schema checks their events. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { polling, sse, websocket } from '@velox/core';
import type { StandardSchema } from '../src/index.js';
import { NodeCluster, type ClusterClient, type ClusterNode } from './rig/node-cluster.js';

const CHECK_MS = 300;

let cluster: NodeCluster;
let east: ClusterNode;
let west: ClusterNode;
let handled: string[];
/** Whether the process of the node has ended, so its handlers have no effect any more. */
let hasEastEnded: boolean;

const schema: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) => new Promise((resolve) => setTimeout(resolve, CHECK_MS, { value })),
  },
};

function node(name: string): ClusterNode {
  const made = cluster.node({ limits: { opensPerAddress: Infinity } });
  made.hub.on('save', schema, (_, data) => {
    if (name !== 'east' || !hasEastEnded) handled.push(`${name} ${String(data)}`);
  });
  return made;
}

beforeEach(async () => {
  cluster = await NodeCluster.start();
  [handled, hasEastEnded] = [[], false];
  [east, west] = [node('east'), node('west')];
  await cluster.time.advance(3_000);
});

afterEach(() => cluster[Symbol.asyncDispose]());

describe.each([
  ['websocket', () => websocket(cluster.network.WebSocket)],
  ['sse', sse],
  ['polling', polling],
] as const)('events of a client over %s whose session moves while they are checked', (_, transport) => {
  let client: ClusterClient;

  beforeEach(async () => {
    client = await cluster.client('a', east, { transports: [transport()] });
    for (const n of [1, 2, 3]) client.sync.emit('save', n);
    await cluster.time.advance(100);
  });

  it('are handled before later events', async () => {
    await cluster.move('a', west, 100);
    client.sync.emit('save', 4);
    await cluster.time.advance(5_000);
    expect(handled).toEqual(['east 1', 'east 2', 'east 3', 'west 4']);
    expect(client.recovered).toEqual([true]);
  });

  it('are each handled once if the former node closes meanwhile', async () => {
    await cluster.move('a', west, 0);
    while (west.hub.stats().sessions === 0) await cluster.time.advance(1);
    await cluster.time.advance(20);
    const closed = east.hub.close();
    hasEastEnded = true;
    await Promise.all([closed, cluster.time.advance(8_000)]);
    expect(handled).toEqual(['west 1', 'west 2', 'west 3']);
    expect(client.sync.dropped.get()).toBe(0);
  });
});
