/** Sessions that have moved to another node, and the objects that their former nodes still have. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeCluster, type ClusterClient, type ClusterNode } from './rig/node-cluster.js';

interface Data {
  user?: { readonly id: string; readonly name: string };
}

type Session = ReturnType<ClusterNode['hub']['sessions']>[number];

type Node = ClusterNode & { readonly refresh: (session: Session) => void };

let cluster: NodeCluster;
let east: Node;
let west: Node;
/** The sessions that `of` of the presence was asked about without their data. */
let shownEarly: number;
/** The names of users, in the database. */
let names: Map<string, string>;

beforeEach(async () => {
  cluster = await NodeCluster.start();
  [shownEarly, names] = [0, new Map([['ann', 'Ann']])];
  [east, west] = [node(), node()];
});

afterEach(() => cluster[Symbol.asyncDispose]());

function node(rooms = 10): Node {
  const made = cluster.node({
    authorize: ({ token }) => token,
    identify: (token) => String(token),
    canJoin: () => true,
    limits: { rooms },
    logger: () => undefined,
    onConnect(session) {
      const id = String(session.context);
      session.data = { user: { id, name: names.get(id) ?? id } };
    },
  });
  const presence = made.hub.presence({
    of({ data }) {
      const { user } = data as Data;
      if (!user) shownEarly++;
      return { id: user?.id ?? 'guest', name: names.get(user?.id ?? '') ?? 'guest' };
    },
  });
  return { ...made, refresh: (session) => presence.refresh(session) };
}

const client = (name: string, at: ClusterNode): Promise<ClusterClient> =>
  cluster.client(name, at, { auth: () => name });

/** A client that answers, and whose session has moved from east to west, with its object in the east. */
async function moved(answer: (data: unknown) => unknown = (data) => data): Promise<[ClusterClient, Session]> {
  const made = await client('ann', east);
  made.sync.answer('ask', answer);
  const [former] = east.hub.sessions();
  await cluster.move('ann', west);
  expect(west.hub.sessions()).toHaveLength(1);
  return [made, former as Session];
}

describe('the former object of a session', () => {
  it('calls the client, also after further moves and a return', async () => {
    const [, former] = await moved();
    const south = node();
    for (const to of [undefined, south, east, west]) {
      if (to) await cluster.move('ann', to);
      const { result, took } = await cluster.within(former.call('ask', new Uint8Array([1])), 100);
      expect(result).toEqual(new Uint8Array([1]));
      expect(took).toBeLessThan(50);
    }
  });

  it('sends events and calls in the order in which it was used', async () => {
    const got: unknown[] = [];
    const [{ sync }, former] = await moved((data) => got.push(data));
    sync.on('news', (data) => got.push(data));
    former.emit('news', 1);
    const reply = former.call('ask', 2);
    former.emit('news', 3);
    await cluster.within(reply, 100);
    expect(got).toEqual([1, 2, 3]);
  });

  it('says that a call timed out, was cancelled, or did not run because the session has ended', async () => {
    const [{ sync }, former] = await moved(() => new Promise(() => undefined));
    const codeOf = (call: Promise<unknown>): Promise<unknown> =>
      cluster
        .within(call, 2_000)
        .then(({ result }) => result)
        .catch(({ code }: { code: string }) => code);
    expect(await codeOf(former.call('ask', 1, { timeout: 500 }))).toBe('timeout');
    expect(await codeOf(former.call('ask', 2, { signal: AbortSignal.abort() }))).toBe('cancelled');
    sync.close();
    await cluster.time.advance(1_000);
    west.hub.sessions()[0]?.close();
    await cluster.time.advance(1_000);
    expect(await codeOf(former.call('ask', 3, { timeout: Infinity }))).toBe('dropped');
  });

  it('says that a call may have run if the new node dies', async () => {
    const [, former] = await moved(() => new Promise(() => undefined));
    const call = former.call('ask', 1, { timeout: Infinity });
    await cluster.time.advance(100);
    west.bus.die();
    const outcome = cluster.within(call, 12_000);
    await expect(outcome).rejects.toMatchObject({ code: 'unknown-outcome' });
  });

  it('refreshes the presence of the session', async () => {
    const { sync } = await client('ann', east);
    sync.join('red');
    const [former] = east.hub.sessions();
    await cluster.time.advance(500);
    await cluster.move('ann', west, 3_000); // east does not show the session any more
    names.set('ann', 'Anna');
    east.refresh(former as Session);
    await cluster.time.advance(500);
    expect(west.hub.sessions()[0]?.rooms).toEqual(['red']);
    const replica = (await client('eve', east)).sync.replica('presence/red');
    replica.subscribe(() => undefined);
    await cluster.time.advance(1_000);
    expect(replica.get()).toMatchObject({ ann: { who: { name: 'Anna' } } });
  });
});

describe('a session that arrives', () => {
  it('is shown by its former node until it has its data', async () => {
    (await client('ann', east)).sync.join('red');
    const replica = (await client('eve', east)).sync.replica('presence/red');
    const seen = new Set<string>();
    replica.subscribe(() => seen.add(Object.keys(replica.get() ?? {}).join()));
    await cluster.time.advance(1_000);
    seen.clear();
    for (const { bus } of [east, west]) bus.hearMs = () => 40;
    await cluster.move('ann', west, 4_000);
    expect(west.hub.sessions()).toHaveLength(1);
    expect(shownEarly).toBe(0);
    expect([...seen]).toEqual(['ann']);
  });

  it('leaves nothing behind on a node whose limits it exceeds', async () => {
    const { sync } = await client('ann', east);
    await east.hub.sessions()[0]?.join(['red', 'blue', 'green']);
    const small = node(2);
    await cluster.move('ann', small);
    expect(small.hub.sessions()).toHaveLength(1); // the client has a new one
    sync.close();
    await cluster.time.advance(60_000);
    for (const { hub } of [east, small]) {
      expect(hub.stats()).toMatchObject({ sessions: 0, rooms: 0, names: 0 });
      expect(hub.to(['red', 'blue']).emit('news', 1)).toBe(0);
    }
  });
});
