/** Random moves of sessions between nodes, against what clients and handlers must have got. */
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cast } from '../src/messaging/cast.js';
import { CastSet } from '../src/nodes/cast-set.js';
import { HubCalls } from '../src/messaging/hub-calls.js';
import { Rooms } from '../src/messaging/rooms.js';
import { Inbox } from '../src/sessions/inbox.js';
import { Sessions } from '../src/sessions/sessions.js';
import { Letters } from '../src/nodes/letters.js';
import { RemoteCalls } from '../src/nodes/remote-calls.js';
import { numRuns } from './rig/documents.js';
import { runMoves, type MovesPlan, type Step } from './rig/moves-model.js';

const client = fc.nat(2);
const node = fc.nat(2);
const isFirst = fc.boolean();
const life = [
  { weight: 3, arbitrary: fc.record({ does: fc.constant('up' as const), client }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('cast' as const), node }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('down' as const), client, node }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('say' as const),
      client,
      ms: fc.constantFrom(0, 60, 1_500, 4_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom('others' as const, 'ask' as const, 'admit' as const, 'remove' as const),
      ...{ node, client, isFirst },
    }),
  },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('tell' as const), node }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('call' as const),
      node,
      room: fc.constantFrom('red' as const, 'slow' as const, 'team' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom('join' as const, 'leave' as const),
      client,
      room: fc.constantFrom('red' as const, 'slow' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('cut' as const), client }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('claim' as const), client }) },
  {
    weight: 5,
    arbitrary: fc.record({ does: fc.constant('wait' as const), ms: fc.constantFrom(1, 10, 60, 300, 1_500) }),
  },
];
const planOf = (steps: fc.Arbitrary<Step[]>): fc.Arbitrary<MovesPlan> =>
  fc.record({
    transport: fc.constantFrom('websocket' as const, 'sse' as const, 'polling' as const),
    seed: fc.nat(),
    lag: fc.constantFrom(0, 5, 60),
    steps,
  });
const bounds = { minLength: 5, maxLength: 40 };
const plan = planOf(fc.array(fc.oneof(...life), bounds));
const withDeath = planOf(
  fc
    .tuple(fc.array(fc.oneof(...life), bounds), fc.array(fc.oneof(...life), bounds))
    .map(([before, after]): Step[] => [...before, { does: 'die' }, ...after]),
);

/** A run takes some tens of ms. */
const RUNS = Math.ceil(numRuns / 20);
const TIMEOUT = 60_000 + RUNS * 2_000;

describe('three clients on three nodes', { timeout: TIMEOUT }, () => {
  it('lose and repeat nothing, get nothing that leaves them out, and have one owner each, while no node dies', async () => {
    const property = fc.asyncProperty(plan, async (given) => {
      expect(await runMoves(given)).toEqual([]);
    });
    await fc.assert(property, { numRuns: RUNS });
  });

  it('lose no event that they sent, and find a living node, if one dies', async () => {
    const property = fc.asyncProperty(withDeath, async (given) => {
      expect(await runMoves(given)).toEqual([]);
    });
    await fc.assert(property, { numRuns: RUNS });
  });
});

describe('a client that leaves a room before the application has allowed it', () => {
  const join: Step = { does: 'join', client: 0, room: 'slow' };
  const leave: Step = { does: 'leave', client: 0, room: 'slow' };
  const moves: Step[] = [
    { does: 'wait', ms: 100 },
    { does: 'cut', client: 1 }, // its link opens on node 0, and the next one on node 1
    { does: 'wait', ms: 100 },
    { does: 'cut', client: 0 },
    { does: 'wait', ms: 1_500 },
  ];

  it.each([
    ['is not in it', [join, leave]],
    ['is in it if it joins again', [join, leave, join]],
    ['is not in it after a move', [join, ...moves, leave]],
    ['is in it after a move if it joins again', [join, ...moves, leave, join]],
    ['is in it after a move if it stays', [join, ...moves]],
    ['is in it after two moves', [join, ...moves, ...moves]],
  ])('%s', async (_, steps) => {
    expect(await runMoves({ transport: 'websocket', seed: 1, steps })).toEqual([]);
  });
});

it('an answer finds a session that moved twice after the node in between has died', async () => {
  // Found by the model: node 1 asks, node 0 takes the session, the client's next link takes it to node 2.
  const steps: Step[] = [
    { does: 'up', client: 0 },
    { does: 'up', client: 2 },
    { does: 'join', client: 1, room: 'slow' },
    { does: 'wait', ms: 1 },
    { does: 'claim', client: 1 },
    { does: 'up', client: 0 },
    { does: 'wait', ms: 1_500 },
    { does: 'claim', client: 0 },
    { does: 'join', client: 0, room: 'red' },
    { does: 'cut', client: 0 },
    { does: 'die' },
    { does: 'wait', ms: 1 },
    { does: 'up', client: 0 },
    { does: 'cut', client: 0 },
    { does: 'claim', client: 0 },
  ];
  expect(await runMoves({ transport: 'sse', seed: 0, steps })).toEqual([]);
});

describe('a session whose former node still has it in its rooms', () => {
  const wait = (ms: number): Step => ({ does: 'wait', ms });
  const cut = (client: number): Step[] => [{ does: 'cut', client }, wait(1_500)];
  // The next link of any client opens on node 0, and the one after that on node 1.
  const move = [...cut(1), ...cut(0)];
  const leave: Step[] = [{ does: 'leave', client: 0, room: 'red' }, wait(100)];
  const remove = (node: number): Step[] => [{ does: 'remove', node, client: 0, isFirst: true }, wait(200)];
  const admit: Step[] = [{ does: 'admit', node: 1, client: 0, isFirst: true }, wait(200)];
  const tell = [0, 1, 2].flatMap((node): Step[] => [{ does: 'tell', node }, wait(1)]);
  const byObjects = (does: 'others' | 'ask'): Step[] =>
    [0, 1, 2].map((node) => ({ does, node, client: 0, isFirst: true }));

  it.each<[string, Step[]]>([
    ['gets no event that its client has caused', [...move, { does: 'say', client: 0, ms: 0 }]],
    [
      'gets no event that its client has caused, if it moves while the handler waits',
      [...cut(1), { does: 'say', client: 0, ms: 1_000 }, ...cut(0), wait(1_000)],
    ],
    [
      'is left out by its former objects, also on a node to which it has returned',
      [...move, ...byObjects('others'), ...cut(0), ...byObjects('others'), ...cut(0), ...byObjects('others')],
    ],
    ['answers calls of its former objects', [...move, ...byObjects('ask')]],
    ['gets no event of a room that its client has left', [...move, ...leave, ...tell]],
    ['gets no event of a room from which it was removed', [...move, ...remove(1), ...tell]],
    ['gets no event that leaves out a room that it has entered', [...remove(0), ...move, ...admit, ...tell]],
    ['is not called in a room that it has left', [...move, ...leave, { does: 'call', node: 2, room: 'red' }]],
    [
      'gets no event of a room that it left between the two questions of the move',
      [{ does: 'claim', client: 0 }, wait(120), ...remove(0).slice(0, 1), { does: 'tell', node: 2 }],
    ],
  ])('%s', async (_, steps) => {
    expect(await runMoves({ transport: 'websocket', seed: 1, lag: 60, steps })).toEqual([]);
  });
});

describe('the model finds', { timeout: TIMEOUT * 2 }, () => {
  afterEach(() => vi.restoreAllMocks());

  const isFound = async (): Promise<boolean> => {
    const property = fc.asyncProperty(plan, async (given) => (await runMoves(given)).length === 0);
    return (await fc.check(property, { numRuns: 200, seed: 1, endOnFailure: true })).failed;
  };

  it('a session that two nodes own', async () => {
    vi.spyOn(Sessions.prototype, 'depart').mockImplementation(() => undefined);
    expect(await isFound()).toBe(true);
  });

  it('a node that does not take over the number of the newest event', async () => {
    vi.spyOn(Inbox.prototype, 'unpack').mockImplementation(() => undefined);
    expect(await isFound()).toBe(true);
  });

  it('casts that come over both nodes and are not compared', async () => {
    vi.spyOn(CastSet.prototype, 'has').mockReturnValue(false);
    expect(await isFound()).toBe(true);
  });

  it('casts that the former node sends to members of former rooms', async () => {
    vi.spyOn(Rooms.prototype, 'isChosen').mockReturnValue(true);
    expect(await isFound()).toBe(true);
  });

  it('casts to all but one client that reach it over its former node', async () => {
    vi.spyOn(Cast.prototype, 'exceptIds').mockReturnThis();
    expect(await isFound()).toBe(true);
  });

  it('a call whose reply does not reach the former node', async () => {
    vi.spyOn(RemoteCalls.prototype, 'callOne').mockReturnValue(new Promise(() => undefined));
    expect(await isFound()).toBe(true);
  });

  it('a room that a client does not join because it moves before the answer', async () => {
    vi.spyOn(HubCalls.prototype, 'enter').mockImplementation(() => undefined);
    expect(await isFound()).toBe(true);
  });

  it('a request that is forwarded twice and executed twice', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its object below
    const { say } = Letters.prototype;
    vi.spyOn(Letters.prototype, 'say').mockImplementation(async function (this: Letters, to, kind, data) {
      await say.call(this, to, kind, data);
      if (kind === 'forward' && 'request' in Object(data)) await say.call(this, to, kind, data);
    });
    vi.spyOn(Inbox.prototype, 'takePost').mockReturnValue(true);
    // eslint-disable-next-line @typescript-eslint/unbound-method -- as above
    const { take } = Inbox.prototype;
    vi.spyOn(Inbox.prototype, 'take').mockImplementation(function (this: Inbox, ...given) {
      take.apply(this, given);
      return true;
    });
    expect(await isFound()).toBe(true);
  });
});
