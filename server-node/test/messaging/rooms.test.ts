/** Rooms of clients, which they join again in each new session, and the presence of their members. */
import { presenceOf } from '@velox/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { numRuns } from '../rig/documents.js';
import { setUp, TRANSPORTS, until, type Rig } from './ways.js';

/** The casts while a server restarts. */
const CASTS = 2 * numRuns;
const ROOMS = ['a', 'b', 'c'];

describe.each(TRANSPORTS)('over %s,', (transport) => {
  it('a client joins rooms if canJoin allows, and leaves them', async () => {
    const { hub, connect } = await setUp(transport);
    const ann = connect();
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    onTestFinished(() => void vi.unstubAllGlobals());
    const leave = ann.join('lobby');
    ann.join('secret');
    await vi.waitFor(() => expect(hub.room('lobby').size).toBe(1));
    await vi.waitFor(() =>
      expect(reported).toHaveBeenCalledWith(expect.objectContaining({ code: 'forbidden' })),
    );
    expect(hub.room('secret').size).toBe(0);
    leave();
    await vi.waitFor(() => expect(hub.room('lobby').size).toBe(0));
  });

  it('a member shows its data to the others, also after a lost link', async () => {
    const rig = await setUp(transport, { identify: (name) => name });
    rig.hub.presence({ of: ({ name }: { readonly name: string }) => ({ id: name }) });
    const [ann, bob] = ['ann', 'bob'].map((name) => {
      const presence = presenceOf<number>(rig.connect(name), 'lobby');
      presence.enter(name.length);
      presence.subscribe(() => undefined);
      return presence;
    });
    const dataOf = (members: object | undefined): unknown[] =>
      Object.entries(members ?? {}).map(([id, { at }]: [string, { at: object }]) => [id, Object.values(at)]);
    await until(() => expect(dataOf(ann?.get())).toEqual([['bob', [3]]]));
    rig.proxy.cut();
    bob?.set(7);
    await until(() => expect(dataOf(ann?.get())).toEqual([['bob', [7]]]));
    expect(dataOf(bob?.get())).toEqual([['ann', [3]]]);
  });
});

/** A client in a room: the numbers that it received, and how often it learned of a gap. */
function memberOf(rig: Rig, room: string, transport: (typeof TRANSPORTS)[number]) {
  const sync = rig.connect(`${room} ${transport}`, transport);
  const numbers: number[] = [];
  let gaps = 0;
  sync.join(room);
  sync.on('n', (n) => numbers.push(n));
  sync.onReconnect(({ recovered }) => !recovered && gaps++);
  return { room, numbers, gaps: () => gaps };
}

it(
  `a restart during ${CASTS} casts leaves every client in its rooms, and reports every gap`,
  { timeout: 60_000 + 20 * CASTS },
  async () => {
    const rig = await setUp();
    const members = TRANSPORTS.flatMap((transport) => ROOMS.map((room) => memberOf(rig, room, transport)));
    const sizes = (): number[] => ROOMS.map((room) => rig.hub.room(room).size);
    await until(() => expect(sizes()).toEqual([3, 3, 3]));
    let restarted: Promise<void> | undefined;
    for (let n = 0; n < CASTS; n++) {
      rig.hub.to(ROOMS[n % 3]!).emit('n', n);
      if (n % 10 === 0) await new Promise(setImmediate);
      if (n === CASTS / 2) restarted = rig.restart();
    }
    await restarted;
    await until(() => expect(sizes()).toEqual([3, 3, 3]));
    for (let n = CASTS; n < CASTS + 3; n++) rig.hub.to(ROOMS[n % 3]!).emit('n', n);
    await until(() => members.forEach(({ numbers }) => expect(numbers.at(-1)).toBeGreaterThanOrEqual(CASTS)));
    for (const { room, numbers, gaps } of members) {
      const sent = Array.from({ length: CASTS + 3 }, (_, n) => n).filter((n) => ROOMS[n % 3] === room);
      // A restart may cost what waited for the next poll: that is the one gap, and it is reported.
      const before = numbers.filter((n) => n <= CASTS / 2);
      expect(before).toEqual(sent.slice(0, before.length));
      const after = numbers.slice(before.length);
      expect(after).toEqual(sent.slice(sent.length - after.length)); // in order, once, and nothing lost since it is back
      expect(gaps()).toBe(1);
    }
  },
);
