/** The members of a room, with real clients on virtual time. */
import { presenceOf, type Presence, type Sync } from '@velox/core';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../src/index.js';
import { createTestSync, type TestSync } from '../src/testing/index.js';

interface User {
  readonly id: string;
  readonly nick: string;
}
interface Cursor {
  readonly x: number;
}
type Options = Partial<velox.HubOptions<User>> & { readonly presence?: Partial<velox.PresenceOptions> };

const userOf = (token: string): User => ({ id: token, nick: token.toUpperCase() });
const schema: velox.StandardSchema<Cursor> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof (value as Partial<Cursor>).x === 'number'
        ? { value: { x: Math.round((value as Cursor).x) } }
        : { issues: [{}] },
  },
};

interface Rig extends TestSync<velox.AnyContract, User> {
  readonly members: (room?: string) => velox.PresenceMembers<{ nick: string }, Cursor>;
  readonly refresh: velox.RoomPresence<unknown, unknown, velox.Session>['refresh'];
  /** Connects a user and enters the room. */
  readonly enter: (
    user: string,
    mine?: unknown,
    room?: string,
    transport?: 'websocket' | 'sse' | 'polling',
  ) => {
    readonly sync: Sync;
    readonly presence: Presence<unknown, { nick: string }>;
    readonly leave: () => void;
  };
}

async function setUp({ presence: options, ...others }: Options = {}): Promise<Rig> {
  const test = await createTestSync<velox.AnyContract, User>({
    authorize: ({ token }) => userOf(token ?? ''),
    identify: ({ id }) => id,
    canJoin: (_, room) => room !== 'secret',
    logger: () => undefined,
    ...others,
  });
  onTestFinished(() => test.close());
  const rooms = test.hub.presence({
    of: ({ context: { id, nick } }: velox.Session<User>) => ({ id, nick }),
    ...(options as object),
  });
  return {
    ...test,
    members: (room = 'lobby') => rooms.members(room) as velox.PresenceMembers<{ nick: string }, Cursor>,
    refresh: (who) => rooms.refresh(who),
    enter(user, mine = { x: 0 }, room = 'lobby', transport) {
      const sync = test.connect({ auth: () => user, ...(transport && { transport }) });
      const presence = presenceOf<unknown, { nick: string }>(sync, room);
      return { sync, presence, leave: presence.enter(mine) };
    },
  };
}

const nicks = (members: velox.PresenceMembers<unknown, unknown>): string[] => Object.keys(members).sort();
const xs = (members: velox.PresenceMembers<unknown, Cursor>): (number | undefined)[] =>
  Object.values(members).flatMap(({ at }) => Object.values(at).map((each) => each.x));

describe('presence', () => {
  const reported = vi.fn();
  beforeEach(() => {
    reported.mockClear();
    vi.stubGlobal('reportError', reported);
  });
  afterEach(() => void vi.unstubAllGlobals());

  it('shows each member the others, with their data', async () => {
    const { enter, members, advance } = await setUp();
    const ann = enter('ann', { x: 1 });
    const bob = enter('bob', { x: 2 });
    await advance(200);
    expect(members()).toEqual({
      ann: {
        who: { nick: 'ANN' },
        since: expect.any(Number) as number,
        at: { [nameIn(members(), 'ann')]: { x: 1 } },
      },
      bob: {
        who: { nick: 'BOB' },
        since: expect.any(Number) as number,
        at: { [nameIn(members(), 'bob')]: { x: 2 } },
      },
    });
    expect(nicks(ann.presence.get())).toEqual(['bob']);
    expect(nicks(bob.presence.get())).toEqual(['ann']);
    bob.presence.set({ x: 7 });
    await advance(200);
    expect(xs(ann.presence.get() as never)).toEqual([7]);
    expect(reported).not.toHaveBeenCalled();
  });

  it('never shows a client itself, not for a moment', async () => {
    const { enter, advance, inflict } = await setUp();
    const ann = enter('ann');
    const shown = new Set<string>();
    ann.presence.subscribe(() => nicks(ann.presence.get()).forEach((nick) => shown.add(nick)));
    enter('bob');
    for (let step = 0; step < 20; step++) {
      ann.presence.set({ x: step });
      await advance(30);
      if (step === 10) inflict({ harm: 'drop' }, 0);
    }
    await advance(5_000);
    expect([...shown]).toEqual(['bob']);
  });

  it('has one member for all sessions of an id', async () => {
    const { enter, members, advance } = await setUp();
    enter('ann', { x: 1 });
    const second = enter('ann', { x: 2 });
    const bob = enter('bob');
    await advance(200);
    expect(nicks(members())).toEqual(['ann', 'bob']);
    expect(Object.values(members()['ann']!.at)).toEqual([{ x: 1 }, { x: 2 }]);
    second.leave();
    await advance(1_500);
    expect(xs(bob.presence.get() as never)).toEqual([1]);
  });

  it('shows the newest data of sessions that share a name', async () => {
    const { enter, members, advance } = await setUp({ name: ({ id }) => id });
    const first = enter('ann', { x: 1 });
    await advance();
    const second = enter('ann', { x: 2 });
    await advance();
    expect(members()['ann']!.at).toEqual({ ann: { x: 2 } });
    first.presence.set({ x: 3 });
    await advance();
    expect(members()['ann']!.at).toEqual({ ann: { x: 3 } });
    first.leave();
    await advance(1_500);
    expect(members()['ann']!.at).toEqual({ ann: { x: 2 } });
    second.leave();
    await advance(1_500);
    expect(members()).toEqual({});
  });

  it('sends the newest value at most every 50 ms', async () => {
    const { enter, members, advance } = await setUp({ presence: { throttle: 0 } });
    const ann = enter('ann', { x: -1 });
    await advance(200);
    const seen: number[] = [];
    for (let x = 0; x < 100; x++) {
      ann.presence.set({ x });
      await advance(10);
      const [now] = xs(members()) as number[];
      if (now !== seen.at(-1)) seen.push(now!);
    }
    await advance(100);
    expect(xs(members())).toEqual([99]);
    expect(seen.length).toBeGreaterThan(15);
    expect(seen.length).toBeLessThanOrEqual(21);
  });

  it.each(['websocket', 'sse', 'polling'] as const)(
    'over %s, comes back with the newest data after a lost link and after a restart of the server',
    async (transport) => {
      const { enter, members, advance, inflict, hub, serve } = await setUp();
      const ann = enter('ann', { x: 1 }, 'lobby', transport);
      await advance(1_000);
      inflict({ harm: 'drop' }, 0);
      ann.presence.set({ x: 5 });
      await advance(20_000);
      expect(xs(members())).toEqual([5]);
      const next = velox.createHub<velox.AnyContract, User>({
        authorize: ({ token }) => userOf(token ?? ''),
        canJoin: () => true,
      });
      const rooms = next.presence({ of: ({ context }) => context });
      serve(next);
      void hub.close();
      await advance(30_000);
      expect(Object.values(rooms.members('lobby')['ann']!.at)).toEqual([{ x: 5 }]);
      await Promise.all([next.close(), advance(10_000)]);
    },
  );

  it('answers wrong data with a coded error, and shows the next sound data', async () => {
    const { enter, members, advance } = await setUp({
      presence: { mine: schema },
      limits: { presence: 100 },
    });
    const ann = enter('ann', { x: 'no number' });
    await advance(200);
    expect(reported.mock.lastCall).toMatchObject([{ code: 'invalid' }]);
    expect(members()['ann']!.at).toEqual({});
    ann.presence.set({ x: 1.4 });
    await advance(200);
    expect(xs(members())).toEqual([1]);
    expect(() => ann.presence.set({ x: 1, pad: 'x'.repeat(100) })).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
    expect(() => ann.presence.set({ x: 1, pad: 'é'.repeat(45) })).toThrow('100 bytes');
    const bob = enter('bob', { x: 2, pad: 'x'.repeat(100) });
    await advance(200);
    expect(xs(members())).toEqual([1, 2]); // the schema's output is what counts
    bob.leave();
  });

  it('refuses more data of one member than the limit, in all its sessions together', async () => {
    const { enter, members, advance } = await setUp({ limits: { presence: 20 } });
    enter('ann', { pad: 'xxxx' });
    await advance(200);
    enter('ann', { pad: 'yyyy' });
    await advance(200);
    expect(reported.mock.lastCall).toMatchObject([{ code: 'too-large' }]);
    expect(Object.values(members()['ann']!.at)).toEqual([{ pad: 'xxxx' }]);
  });

  it('shows the newest of data that an asynchronous schema checks', async () => {
    const delays = [300, 10];
    const slow: velox.StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) =>
          new Promise((resolve) => setTimeout(() => resolve({ value }), delays.shift() ?? 0)),
      },
    };
    const { hub, connect, members, advance } = await setUp({ presence: { mine: slow } });
    const sync = connect({ auth: () => 'ann' });
    sync.join('lobby');
    await advance();
    sync.emit('$presence', { room: 'lobby', mine: { x: 1 } });
    sync.emit('$presence', { room: 'lobby', mine: { x: 2 } });
    await advance(1_000);
    expect(xs(members())).toEqual([2]);
    expect(hub.room('lobby').size).toBe(1);
  });

  it('shows no client in a room that canJoin refuses, even if it only sends data', async () => {
    const { hub, connect, enter, members, advance } = await setUp();
    enter('ann', { x: 1 }, 'secret');
    const sync = connect({ auth: () => 'bob' });
    sync.emit('$presence', { room: 'lobby', mine: { x: 1 } });
    await advance(500);
    expect(reported.mock.calls).toMatchObject([[{ code: 'forbidden' }]]);
    expect([hub.room('secret').size, members('secret'), members()]).toEqual([0, {}, {}]);
  });

  it('canSubscribe decides who sees a room', async () => {
    const { enter, members, advance } = await setUp({
      canSubscribe: ({ id }, topic) => topic !== 'presence/lobby' || id !== 'eve',
    });
    const [eve, bob] = [enter('eve'), enter('bob')];
    await advance(200);
    expect(nicks(eve.presence.get())).toEqual([]);
    expect(nicks(bob.presence.get())).toEqual(['eve']);
    expect(nicks(members())).toEqual(['bob', 'eve']);
  });

  it('has only the rooms that the option `rooms` names', async () => {
    const { hub, connect, enter, members, advance } = await setUp({
      presence: { rooms: (room) => room !== 'quiet' },
    });
    enter('ann', { x: 1 }, 'quiet');
    const topic = connect({ auth: () => 'bob' }).replica('presence/quiet');
    topic.subscribe(() => undefined);
    await advance(500);
    expect(reported.mock.lastCall).toMatchObject([{ code: 'no-presence' }]);
    expect(topic.status.get().reason).toMatchObject({ code: 'not-found' });
    expect(members('quiet')).toEqual({});
    expect(hub.room('quiet').size).toBe(1);
  });

  it('reports a session that `of` cannot show, and shows the others', async () => {
    const entries: velox.LogEntry[] = [];
    const { enter, members, advance } = await setUp({
      logger: (entry) => entries.push(entry),
      presence: {
        of: ((session: velox.Session<User>) => {
          if (session.context.id === 'bad') throw new Error('of the application');
          return session.context.id === 'none' ? {} : session.context;
        }) as never,
      },
    });
    for (const user of ['bad', 'none', '__proto__', 'constructor', '$ann', '']) enter(user);
    await advance(500);
    expect(nicks(members())).toEqual(['', '$ann']);
    const codes = entries
      .filter(({ level }) => level === 'error')
      .map(({ error }) => (error as velox.VeloxError).code);
    expect(codes.sort()).toEqual(['bad-option', 'unsafe-key', 'unsafe-key', undefined]);
  });

  it('asks `of` again for a new context, and by refresh', async () => {
    const names = new Map([['ann', 'Ann']]);
    const { hub, enter, members, advance, refresh } = await setUp({
      presence: {
        of: (({ context }: velox.Session<User>) => ({
          id: context.id,
          nick: names.get(context.id),
        })) as never,
      },
    });
    const { sync } = enter('ann');
    await advance(200);
    names.set('ann', 'Anna');
    refresh(hub.sessions());
    expect(members()['ann']).toMatchObject({
      who: { nick: 'Anna' },
      at: expect.objectContaining({}) as object,
    });
    names.set('ann', 'Anne');
    sync.reconnect();
    await advance(1_000);
    expect(members()['ann']).toMatchObject({ who: { nick: 'Anne' } });
    expect(xs(members())).toEqual([0]);
  });

  it('shows sessions that were in a room before, and keeps the joins of the server', async () => {
    const test = await createTestSync({ logger: () => undefined });
    onTestFinished(() => test.close());
    const sync = test.connect();
    sync.on('x', () => undefined);
    await test.advance();
    void test.hub.sessions()[0]?.join('lobby');
    const rooms = test.hub.presence({ of: ({ name }) => ({ id: name }) });
    expect(Object.keys(rooms.members('lobby'))).toEqual([test.hub.sessions()[0]?.name]);
    expect(() => test.hub.presence({ of: () => ({ id: 'x' }) })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
    const presence = presenceOf(sync, 'lobby');
    presence.enter({ x: 1 }); // without canJoin: the session is a member
    await test.advance();
    expect(Object.values(rooms.members('lobby'))).toMatchObject([
      { at: { [`${test.hub.sessions()[0]?.name}`]: { x: 1 } } },
    ]);
    expect(reported).not.toHaveBeenCalled();
  });

  it('takes the data away when the last component leaves, also if the application stays in the room', async () => {
    const { enter, members, advance } = await setUp();
    const { sync, presence, leave } = enter('ann', { x: 1 });
    enter('bob');
    sync.join('lobby');
    await advance(200);
    leave();
    await advance(900);
    expect(xs(members())).toEqual([1, 0]);
    await advance(200);
    expect(members()['ann']!.at).toEqual({});
    expect(presence.get()).toEqual({}); // a component that enters again shows no former members
  });

  it('leaves nothing behind: no rooms, states or names', async () => {
    const { hub, enter, members, advance } = await setUp();
    const all = Array.from({ length: 20 }, (_, at) => enter(`user-${at}`, { x: at }, `room-${at % 3}`));
    await advance(500);
    expect(hub.stats()).toMatchObject({ rooms: 3, presence: 20, names: 20 });
    for (const { leave, sync } of all) {
      leave();
      sync.close();
    }
    await advance(60_000);
    expect(hub.stats()).toMatchObject({ rooms: 0, presence: 0, names: 0, sessions: 0 });
    expect(members('room-0')).toEqual({});
  });
});

describe.each([
  ['websocket', 2],
  ['sse', 3],
  ['polling', 3],
] as const)('over %s,', (transport, heartbeats) => {
  it(`a member whose network is cut is away within ${heartbeats} heartbeats and 5 s, and gone with its session`, async () => {
    const { enter, advance, inflict } = await setUp();
    enter('ann', { x: 1 }, 'lobby', transport);
    const bob = enter('bob');
    const ann = (): velox.PresenceMember | undefined => bob.presence.get()['ann'];
    const secondsUntil = async (isSo: () => boolean): Promise<number> => {
      let seconds = 0;
      for (; !isSo(); seconds++) await advance(1_000);
      return seconds;
    };
    for (let cut = 0; cut < 10; cut++) {
      await advance(1_000 + cut * 4_000); // at any time of a heartbeat, also before the first one
      expect(ann()).toMatchObject({ who: { nick: 'ANN' } });
      expect(ann()?.away).toBeUndefined();
      inflict({ harm: 'freeze', who: 'client', ms: 120_000 }, 0);
      expect(await secondsUntil(() => ann()?.away === true)).toBeLessThanOrEqual(heartbeats * 15 + 5);
      expect(await secondsUntil(() => ann() === undefined)).toBeLessThanOrEqual(30);
      await advance(120_000); // it is back
    }
  });
});

const nameIn = (members: velox.PresenceMembers<unknown, unknown>, id: string): string =>
  Object.keys(members[id]!.at)[0]!;
