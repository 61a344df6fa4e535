/** A server that has just started, or reaches the bus again: it waits until the others have had the time to answer it. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RoomPresence } from '../src/messaging/presence.js';
import type { NodeBus } from './rig/node-bus.js';
import { NodeCluster, type ClusterClient, type ClusterNode } from './rig/node-cluster.js';

let cluster: NodeCluster;

beforeEach(async () => void (cluster = await NodeCluster.start()));
afterEach(() => cluster[Symbol.asyncDispose]());

interface Node extends ClusterNode {
  readonly presence: RoomPresence;
}
type Duplicates = 'both' | 'replace' | 'refuse';

/** A server whose subscriptions take 50 ms, and to which messages take 20 ms. */
function start(duplicates: Duplicates = 'both', prepare?: (bus: NodeBus) => void): Node {
  const node = cluster.node(
    {
      duplicates,
      authorize: ({ token }) => token ?? '',
      name: String,
      onConnect: (session) => void session.join('lobby'),
    },
    (bus) => {
      bus.subscribeMs = () => 50;
      bus.hearMs = () => 20;
      prepare?.(bus);
    },
  );
  const presence = node.hub.presence({ of: ({ name }) => ({ id: name }) });
  return { ...node, presence: presence as RoomPresence };
}

/** A client of that name, which answers the call `ask`. */
async function client(name: string, node: ClusterNode, path = name): Promise<ClusterClient> {
  const made = await cluster.client(path, node, { auth: () => name });
  made.sync.answer('ask', () => name);
  await cluster.time.advance(1_000);
  return made;
}

const stateOf = ({ sync }: ClusterClient): string | undefined => {
  const { state, reason } = sync.status.get();
  return state === 'open' ? state : reason?.code;
};

/** The clients of all servers, as one server finds them by each of its questions. */
async function found({ hub, presence }: Node): Promise<unknown[]> {
  const names = async (): Promise<string[]> => (await hub.fetchSessions()).map(({ name }) => name);
  const replies = async (): Promise<string[]> =>
    (await hub.to('lobby').call('ask', 1)).map(({ data }) => String(data));
  const members = async (): Promise<string[]> => Object.keys(await presence.fetchMembers('lobby'));
  const questions = Promise.all([hub.fetchSize(), names(), replies(), members()]);
  const [size, ...lists] = (await cluster.within(questions, 6_000)).result;
  return [size, ...lists.map((list) => list.sort().join())];
}

const BOTH = [2, 'anna,bert', 'anna,bert', 'anna,bert'];

it('a server that has just started finds the clients of the other servers', async () => {
  await client('anna', start());
  await client('bert', start());
  await cluster.time.advance(3_000);
  expect(await found(start())).toEqual(BOTH);
});

it('a server whose bus loses its first messages finds the clients of the other servers', async () => {
  await client('anna', start());
  await client('bert', start());
  await cluster.time.advance(3_000);
  const since = performance.now();
  const young = start('both', (bus) => {
    bus.hearMs = () => (performance.now() - since < 100 ? undefined : 20);
  });
  expect(await found(young)).toEqual(BOTH);
});

it('a server asks the others at its start alone: a later question does not wait', async () => {
  await client('anna', start());
  const young = start();
  expect((await cluster.within(young.hub.fetchSize(), 3_000)).result).toBe(1);
  expect((await cluster.within(young.hub.fetchSize(), 3_000)).took).toBeLessThan(100);
});

it('servers that start together find the clients of each other', async () => {
  const west = start('both', (bus) => (bus.subscribeMs = () => 700));
  const east = start();
  await client('anna', east);
  await client('bert', west);
  expect(await found(east)).toEqual(BOTH);
  expect(await found(west)).toEqual(BOTH);
});

it('a server that starts while the bus is down rejects questions with `unavailable`', async () => {
  const young = start('both', (bus) => bus.disconnect());
  const questions = [young.hub.fetchSize(), young.hub.fetchSessions(), young.hub.call('ask', 1)];
  const { result } = await cluster.within(Promise.allSettled(questions), 6_000);
  const rejection = {
    status: 'rejected',
    reason: expect.objectContaining({ code: 'unavailable' }) as unknown,
  };
  expect(result).toEqual([rejection, rejection, rejection]);
});

it('a server that reaches the bus before the others rejects no client and leaves none out', async () => {
  const [east, west] = [start(), start()];
  await client('anna', east);
  await client('bert', west);
  await cluster.time.advance(3_000);
  for (const { bus } of [east, west]) bus.disconnect();
  await cluster.time.advance(20_000);
  west.bus.reconnect();
  await cluster.time.advance(100);
  const finding = found(west);
  east.bus.reconnect();
  expect(await finding).toEqual(BOTH);
});

it('with `refuse`, a client that opens as its server starts gets `name-taken` if a client of another server lives', async () => {
  const first = await client('anna', start('refuse'));
  await cluster.time.advance(3_000);
  const second = await client('anna', start('refuse'), 'second');
  expect([first, second].map(stateOf)).toEqual(['open', 'name-taken']);
});

it('with `refuse`, clients that open as their servers start do not both get a name', async () => {
  const [east, west] = [start('refuse'), start('refuse', (bus) => (bus.subscribeMs = () => 700))];
  const both = [client('anna', east, 'first'), client('anna', west, 'second')];
  await cluster.time.advance(6_000);
  expect((await Promise.all(both)).map(stateOf).sort()).toEqual(['name-taken', 'open']);
});

it('with `refuse`, a server that starts while the bus is down admits the names that its own clients do not have', async () => {
  const young = start('refuse', (bus) => bus.disconnect());
  const first = await client('anna', young);
  const second = await client('anna', young, 'second');
  await cluster.time.advance(4_000);
  expect([first, second].map(stateOf)).toEqual(['open', 'name-taken']);
});

it('with `replace`, a client that opens as a server starts has its name, also if the clock of that server is late', async () => {
  const first = await client('anna', start('replace'));
  await cluster.time.advance(3_000);
  const now = Date.now;
  Date.now = () => now() - 3_000_000;
  const late = start('replace');
  Date.now = now;
  const second = await client('anna', late, 'second');
  await cluster.time.advance(1_000);
  expect([first, second].map(stateOf)).toEqual(['replaced', 'open']);
});
