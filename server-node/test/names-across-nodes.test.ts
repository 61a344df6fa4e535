/** The option `duplicates` for names whose sessions are on several nodes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { polling, sse, websocket } from '@velox/core';
import { NodeCluster, type ClusterClient, type ClusterNode } from './rig/node-cluster.js';
import { numRuns } from './rig/documents.js';

let cluster: NodeCluster;
let nodes: ClusterNode[];

async function start(duplicates: 'replace' | 'refuse'): Promise<ClusterNode[]> {
  cluster = await NodeCluster.start();
  nodes = Array.from({ length: 3 }, () => {
    const authorize = ({ token }: { token: string | undefined }): string => token ?? '';
    return cluster.node({ duplicates, authorize, name: String, limits: { opensPerAddress: Infinity } });
  });
  await cluster.time.advance(3_000);
  return nodes;
}

const client = (path: string, node: ClusterNode): Promise<ClusterClient> =>
  cluster.client(path, node, { auth: () => 'anna' });

const stateOf = ({ sync }: ClusterClient): (string | undefined)[] => {
  const { state, reason } = sync.status.get();
  return [state, reason?.code];
};

/** How many sessions of the name have a link on each node. */
const holders = (): number[] =>
  nodes.map(
    ({ hub }) =>
      hub
        .only('anna')
        .sessions()
        .filter(({ transport }) => transport).length,
  );

afterEach(() => cluster[Symbol.asyncDispose]());

describe('with `replace`, a new client of a name', () => {
  beforeEach(() => start('replace'));

  it('ends the session of the name on another node', async () => {
    const [east, west, south] = nodes as [ClusterNode, ClusterNode, ClusterNode];
    const first = await client('a', east);
    const second = await client('b', west);
    expect([stateOf(first), stateOf(second)]).toEqual([
      ['closed', 'replaced'],
      ['open', undefined],
    ]);
    const third = await client('c', south);
    expect(stateOf(second)).toEqual(['closed', 'replaced']);
    expect(stateOf(third)).toEqual(['open', undefined]);
    expect(holders()).toEqual([0, 0, 1]);
  });

  it('ends it also if its own clock is an hour late', async () => {
    const [east, west] = nodes as [ClusterNode, ClusterNode];
    const now = Date.now;
    Date.now = () => now() - 3_000_000;
    const late = cluster.node({
      duplicates: 'replace',
      authorize: ({ token }) => token ?? '',
      name: String,
    });
    Date.now = now;
    await cluster.time.advance(3_000);
    const first = await client('a', east);
    const second = await client('b', late);
    expect([stateOf(first)[0], stateOf(second)[0]]).toEqual(['closed', 'open']);
    const third = await client('c', west);
    expect([stateOf(second)[0], stateOf(third)[0]]).toEqual(['closed', 'open']);
  });

  it('ends it after it has moved, and not the other way round', async () => {
    const [east, west, south] = nodes as [ClusterNode, ClusterNode, ClusterNode];
    const first = await client('a', east);
    await cluster.move('a', south);
    expect(first.recovered).toEqual([true]);
    const second = await client('b', west);
    expect([stateOf(first)[0], stateOf(second)[0]]).toEqual(['closed', 'open']);
    await cluster.move('b', south);
    await cluster.move('b', east);
    expect(second.recovered).toEqual([true, true]);
    expect(stateOf(second)[0]).toBe('open');
    expect(holders()).toEqual([1, 0, 0]);
  });

  it('ends it when the node is back that missed the claim', async () => {
    const [east, west] = nodes as [ClusterNode, ClusterNode];
    const first = await client('a', east);
    east.bus.disconnect();
    const second = await client('b', west);
    expect(stateOf(first)[0]).toBe('open');
    east.bus.reconnect();
    await cluster.time.advance(1_000);
    expect([stateOf(first)[0], stateOf(second)[0]]).toEqual(['closed', 'open']);
  });

  it('leaves one session if clients open at any times on any nodes', async () => {
    const open = fc.record({ node: fc.nat(2), after: fc.constantFrom(0, 1, 5, 40, 1_500), late: fc.nat(30) });
    const property = fc.asyncProperty(fc.array(open, { minLength: 2, maxLength: 6 }), async (opens) => {
      await cluster[Symbol.asyncDispose]();
      await start('replace');
      const clients: Promise<ClusterClient>[] = [];
      for (const [n, { node, after, late }] of opens.entries()) {
        const at = nodes[node] as ClusterNode;
        at.bus.hearMs = () => late;
        clients.push(client(`c${n}`, at));
        await cluster.time.advance(after);
      }
      await cluster.time.advance(10_000);
      expect(holders().reduce((a, b) => a + b)).toBe(1);
      const states = (await Promise.all(clients)).map((each) => stateOf(each)[0]);
      expect(states.filter((state) => state === 'open')).toHaveLength(1);
      // A client that comes later by more than a message takes has the name.
      if (opens.slice(0, -1).every(({ after }) => after > 1_000)) expect(states.at(-1)).toBe('open');
    });
    await fc.assert(property, { numRuns: Math.ceil(numRuns / 20) });
  }, 120_000);
});

describe.each([
  ['websocket', () => websocket(cluster.network.WebSocket)],
  ['sse', sse],
  ['polling', polling],
] as const)('with `refuse`, a new client over %s', (_, transport) => {
  beforeEach(() => start('refuse'));

  const open = (path: string, node: ClusterNode): Promise<ClusterClient> =>
    cluster.client(path, node, { auth: () => 'anna', transports: [transport()] });

  it('gets `name-taken` if a client of another node has the name and lives', async () => {
    const [east, west] = nodes as [ClusterNode, ClusterNode];
    const first = await open('a', east);
    const second = await open('b', west);
    expect([stateOf(first), stateOf(second)]).toEqual([
      ['open', undefined],
      ['closed', 'name-taken'],
    ]);
    first.sync.close();
    await cluster.time.advance(100);
    expect(stateOf(await open('c', west))[0]).toBe('open');
    expect(holders()).toEqual([0, 1, 0]);
  });

  it('gets the name of a client that does not answer, or whose node is dead', async () => {
    const [east, west, south] = nodes as [ClusterNode, ClusterNode, ClusterNode];
    await open('a', east);
    cluster.network.path('a').stalledUntil = Infinity;
    await open('b', west);
    await cluster.time.advance(9_000);
    expect(holders()).toEqual([0, 1, 0]);
    west.bus.die();
    await cluster.time.advance(9_000);
    expect(stateOf(await open('c', south))[0]).toBe('open');
  });
});

describe('with `refuse`, a client that has no link while another one gets its name', () => {
  beforeEach(() => start('refuse'));

  it.each([
    ['on its own node', 0],
    ['on the node of the other client', 1],
    ['on a third node', 2],
  ])('gets `name-taken` when it comes back %s', async (_, at) => {
    const [east, west] = nodes as [ClusterNode, ClusterNode];
    const first = await client('a', east);
    const path = cluster.network.path('a');
    path.refused = ['websocket'];
    path.cut();
    await cluster.time.advance(100);
    const second = await client('b', west);
    cluster.network.serve((nodes[at] as ClusterNode).hub);
    path.heal();
    await cluster.time.advance(20_000);
    expect([stateOf(first), stateOf(second)]).toEqual([
      ['closed', 'name-taken'],
      ['open', undefined],
    ]);
    expect(holders()).toEqual([0, 1, 0]);
  });

  it('gets `name-taken` if its session moves meanwhile', async () => {
    const [east, west, south] = nodes as [ClusterNode, ClusterNode, ClusterNode];
    for (let late = 0; late < 60; late += 7) {
      const first = await client(`a${late}`, east);
      for (const { bus } of nodes) bus.hearMs = () => late;
      cluster.network.serve(south.hub);
      cluster.network.path(`a${late}`).cut();
      await cluster.time.advance(late * 20);
      const second = await client(`b${late}`, west);
      await cluster.time.advance(20_000);
      expect([stateOf(first)[0], stateOf(second)[0]].sort()).toEqual(['closed', 'open']);
      for (const { sync } of [first, second]) sync.close();
      await cluster.time.advance(40_000);
    }
  });
});

describe('with `refuse`, two clients that want a name at the same time on two nodes', () => {
  beforeEach(() => start('refuse'));

  it('do not both get it, and one of them does', async () => {
    for (let n = 0; n < 10; n++) {
      const [east, west] = nodes as [ClusterNode, ClusterNode];
      for (const { bus } of nodes) bus.hearMs = () => n * 3;
      const both = [client(`a${n}`, east), client(`b${n}`, west)];
      await cluster.time.advance(6_000);
      const clients = await Promise.all(both);
      expect(clients.map((each) => stateOf(each)[0]).sort()).toEqual(['closed', 'open']);
      for (const { sync } of clients) sync.close();
      await cluster.time.advance(40_000);
    }
  });
});
