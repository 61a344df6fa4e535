/** The sessions of a cluster: which they are, and calls to them from any node. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CallError } from '@velox/core';
import { optimistic } from '@velox/core/optimistic';
import { MadeCalls } from '../src/sessions/made-calls.js';
import type { LocalState } from '../src/state/local-state.js';
import { NodeCluster, type ClusterClient, type ClusterNode } from './rig/node-cluster.js';

let cluster: NodeCluster;
let east: ClusterNode;
let west: ClusterNode;
let south: ClusterNode;

beforeEach(async () => {
  cluster = await NodeCluster.start();
  const start = (): ClusterNode =>
    cluster.node({
      canJoin: () => true,
      authorize: ({ token }) => token,
      identify: (token) => String(token),
      name: (token) => String(token),
    });
  [east, west, south] = [start(), start(), start()];
  await cluster.time.advance(3_000);
});

afterEach(() => cluster[Symbol.asyncDispose]());

/** A client that is called by its name, in the room `red`, and answers the call `ask` with its name. */
async function client(name: string, node: ClusterNode): Promise<ClusterClient> {
  const made = await cluster.client(name, node, { auth: () => name });
  made.sync.join('red');
  made.sync.answer('ask', (data) => [name, data]);
  await cluster.time.advance(100);
  return made;
}

const namesOf = (sessions: readonly { readonly name: string }[]): string[] =>
  sessions.map(({ name }) => name).sort();

describe('the sessions of a cluster', () => {
  it('are found on all nodes by rooms and names, and counted', async () => {
    await client('anna', east);
    await client('bert', west);
    const { sync } = await client('carl', west);
    const leave = sync.join('blue');
    await cluster.time.advance(100);
    const find = async (cast: ReturnType<typeof east.hub.to>): Promise<[string[], number]> => {
      const { result } = await cluster.within(Promise.all([cast.fetchSessions(), cast.fetchSize()]), 100);
      return [namesOf(result[0]), result[1]];
    };
    for (const { hub } of [east, west, south]) {
      expect(await find(hub.to('red'))).toEqual([['anna', 'bert', 'carl'], 3]);
      expect(await find(hub.to('red').notIn('blue'))).toEqual([['anna', 'bert'], 2]);
      expect(await find(hub.to(['blue', 'green']))).toEqual([['carl'], 1]);
      expect(await find(hub.only(['anna', 'carl']).except('carl'))).toEqual([['anna'], 1]);
      const room = hub.room('red');
      const { result } = await cluster.within(Promise.all([room.fetchSessions(), room.fetchSize()]), 100);
      expect([namesOf(result[0]), result[1]]).toEqual([['anna', 'bert', 'carl'], 3]);
    }
    const [bert] = (await cluster.within(east.hub.only('bert').fetchSessions(), 100)).result;
    expect(bert).toMatchObject({ identity: 'bert', transport: 'websocket', rooms: ['red'] });
    leave();
  });

  it('receive events, join, leave and end by their handles on another node', async () => {
    const { sync, events } = await client('bert', west);
    const [bert] = (await cluster.within(east.hub.only('bert').fetchSessions(), 100)).result;
    expect(bert?.emit('news', new Uint8Array([1]))).toBe('queued');
    void bert?.join(['blue', 'green']);
    bert?.leave('red');
    await cluster.time.advance(100);
    expect(events).toEqual([new Uint8Array([1])]);
    expect(west.hub.sessions()[0]?.rooms).toEqual(['blue', 'green']);
    await cluster.move('bert', south);
    bert?.emit('news', 'after a move', { volatile: true });
    await cluster.time.advance(100);
    expect(events.at(-1)).toBe('after a move');
    bert?.close('over', 'The game is over.');
    await cluster.time.advance(100);
    expect(sync.status.get()).toMatchObject({ state: 'closed', reason: { code: 'over' } });
  });

  it('are no recipients on another node by their handles', async () => {
    await client('bert', west);
    const [bert] = (await cluster.within(east.hub.only('bert').fetchSessions(), 100)).result;
    expect(() => east.hub.except(bert ?? '')).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it('are found once while they move', async () => {
    await client('anna', east);
    for (let n = 0; n < 40; n++) {
      if (n % 10 === 0) await cluster.move('anna', [west, south, east][(n / 10) % 3] as ClusterNode, 0);
      const room = [east, west, south][n % 3]?.hub.room('red');
      const { result } = await cluster.within(room?.fetchSessions() ?? Promise.resolve([]), 37);
      expect(namesOf(result)).toEqual(['anna']);
    }
  });
});

describe('a call to all', () => {
  it('reaches the sessions of all nodes, with bytes, and has the outcome of each', async () => {
    for (const [name, node] of [
      ['anna', east],
      ['bert', west],
      ['carl', south],
    ] as const)
      await client(name, node);
    const bare = await cluster.client('dora', west, { auth: () => 'dora' });
    bare.sync.join('red');
    await cluster.time.advance(100);
    const data = { bytes: new Uint8Array([1, 2]) };
    for (const { hub } of [east, west]) {
      const { result } = await cluster.within(hub.to('red').call('ask', data), 500);
      const replies = result.map(({ session, data: reply, error }) => [session.name, reply ?? error?.code]);
      expect(replies.sort()).toEqual([
        ['anna', ['anna', data]],
        ['bert', ['bert', data]],
        ['carl', ['carl', data]],
        ['dora', 'no-handler'],
      ]);
    }
  });

  it('reaches one session by the handle that an outcome has', async () => {
    await client('bert', west);
    const [outcome] = (await cluster.within(east.hub.only('bert').call('ask', 1), 100)).result;
    const again = outcome?.session.call('ask', 2) ?? Promise.resolve();
    expect((await cluster.within(again, 100)).result).toEqual(['bert', 2]);
    const unknown = outcome?.session.call('other', 2) ?? Promise.resolve();
    await expect(cluster.within(unknown, 100)).rejects.toMatchObject({ code: 'no-handler' });
  });

  it('rejects before it calls for data that cannot be sent', async () => {
    let asked = 0;
    const { sync } = await client('bert', west);
    sync.answer('count', () => asked++);
    await expect(cluster.within(east.hub.call('count', 1n), 100)).rejects.toMatchObject({ code: 'not-json' });
    await cluster.time.advance(1_000);
    expect(asked).toBe(0);
  });

  it('times out like a call on one node, and is cancelled by its signal', async () => {
    const { sync } = await client('bert', west);
    sync.answer('never', () => new Promise(() => undefined));
    const { result, took } = await cluster.within(east.hub.call('never', 1, { timeout: 2_000 }), 5_000);
    expect(result).toMatchObject([{ session: { name: 'bert' }, error: { code: 'timeout' } }]);
    expect(took).toBeLessThan(2_500);
    const controller = new AbortController();
    const call = east.hub.call('never', 1, { signal: controller.signal, timeout: Infinity });
    await cluster.time.advance(1_000);
    controller.abort();
    expect((await cluster.within(call, 10)).result).toMatchObject([{ error: { code: 'cancelled' } }]);
  });

  it('follows a session that moves between the question and the call', async () => {
    await client('bert', west);
    west.bus.hearMs = (_, data) => (data.includes('"kind":"call"') ? 1_500 : 0);
    const call = east.hub.only('bert').call('ask', 1);
    await cluster.time.advance(10);
    await cluster.move('bert', south);
    expect(west.hub.sessions()).toEqual([]);
    expect((await cluster.within(call, 3_000)).result).toMatchObject([{ data: ['bert', 1] }]);
  });

  it('says that a session whose node dies meanwhile may have been called', async () => {
    const { sync } = await client('bert', west);
    sync.answer('never', () => new Promise(() => undefined));
    const call = east.hub.call('never', 1, { timeout: Infinity });
    await cluster.time.advance(100);
    west.bus.die();
    const { result, took } = await cluster.within(call, 15_000);
    expect(result).toMatchObject([{ session: { name: 'bert' }, error: { code: 'unknown-outcome' } }]);
    expect(result[0]?.error).toBeInstanceOf(CallError);
    expect(took).toBeLessThan(9_000);
  });

  it('leaves out the sessions of a node that died before it was asked', async () => {
    await client('anna', east);
    await client('bert', west);
    west.bus.die();
    const { result, took } = await cluster.within(east.hub.call('ask', 1), 15_000);
    expect(result).toMatchObject([{ session: { name: 'anna' }, data: ['anna', 1] }]);
    expect(took).toBeLessThan(9_000);
  });

  it('is made once although the answers of the other node are lost', async () => {
    let asked = 0;
    const { sync } = await client('bert', west);
    sync.answer('count', () => ++asked);
    let lost = 0;
    east.bus.hearMs = (_, data) => (data.includes('"kind":"outcome"') && ++lost < 4 ? undefined : 0);
    expect((await cluster.within(east.hub.call('count', 1), 10_000)).result).toMatchObject([{ data: 1 }]);
    expect([asked, lost]).toEqual([1, 4]);
  });
});

describe.each([
  ['a question for sessions', (node: ClusterNode) => node.hub.fetchSessions()],
  ['a question for their number', (node: ClusterNode) => node.hub.fetchSize()],
  ['a call', (node: ClusterNode) => node.hub.call('ask', 1)],
])('%s', (_, ask: (node: ClusterNode) => Promise<unknown>) => {
  it('rejects with `unavailable` if a node that lives does not answer', async () => {
    await client('anna', east);
    west.bus.hearMs = (subject) => (subject.startsWith('velox node ') ? undefined : 0);
    const rejected = expect(cluster.within(ask(east), 14_000)).rejects;
    await rejected.toMatchObject({ code: 'unavailable' });
  });

  it('rejects with `unavailable` while the engine is away, also for long', async () => {
    await client('anna', east);
    for (const { bus } of [east, west, south]) bus.disconnect();
    for (let n = 0; n < 2; n++) {
      const rejected = expect(cluster.within(ask(east), 10_000)).rejects;
      await rejected.toMatchObject({ code: 'unavailable' });
    }
    for (const { bus } of [east, west, south]) bus.reconnect();
    await cluster.time.advance(3_000);
    await cluster.within(ask(east), 1_000);
  });
});

it('the optimistic calls of a client leave nothing behind on the node that its session has left', async () => {
  const runs = vi.spyOn(MadeCalls.prototype, 'run');
  onTestFinished(() => void vi.restoreAllMocks());
  const { sync } = await client('anna', east);
  const board = sync.replica<{ n: number }>('board');
  board.subscribe(() => undefined);
  const state = east.hub.state('board', { n: 0 });
  west.hub.state('board', { n: 0 });
  east.hub.answer('add', async (_, ms) => {
    state.update((draft) => void draft.n++);
    await new Promise((resolve) => setTimeout(resolve, ms as number));
    return ms;
  });
  await cluster.time.advance(100);
  const change = (): ReturnType<typeof optimistic> => optimistic(board, (draft) => void draft.n++);
  const answers = [0, 5_000].map((ms) => sync.call('add', ms, { optimistic: change() }));
  await cluster.time.advance(100);
  const [calls] = runs.mock.contexts as [MadeCalls];
  const remembered = (): number[] => calls.within(state as LocalState<{ n: number }>, 0, Infinity);
  expect(remembered()).toHaveLength(2);
  await cluster.move('anna', west);
  const { result } = await cluster.within(Promise.all(answers), 6_000);
  expect(result).toEqual([0, 5_000]);
  expect(remembered()).toEqual([]);
});
