/** Topics that each client sees as its audience may see them. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Replica } from '@velox/core';
import * as velox from '../src/index.js';
import { createHub, each, type AnyContract, type DeepReadonly, type ViewedState } from '../src/index.js';
import type { LogEntry } from '../src/diagnostics/observer.js';
import { Hub } from '../src/hub/hub.js';
import { LocalState } from '../src/state/local-state.js';
import { createTestSync, type TestSync } from '../src/testing/create-test-sync.js';
import { FakeOutlet } from './rig/fake-outlet.js';

interface Player {
  id: string;
  cards: string[];
}
interface Game {
  turn: number;
  players: Player[];
}
const deal = (): Game => ({
  turn: 1,
  players: ['ann', 'ben', 'cy'].map((id) => ({ id, cards: [`ace of ${id}`] })),
});
type Seen = { turn: number; players: { id: string; cards: readonly string[] | number }[] };

/** The game as a player sees it: the cards of the others are counted. */
const asSeenBy = (game: DeepReadonly<Game>, me: string): Seen => ({
  turn: game.turn,
  players: game.players.map(({ id, cards }) => ({ id, cards: id === me ? cards : cards.length })),
});

type Context = { name: string };

describe('a view', () => {
  let log: LogEntry[];
  let test: TestSync<AnyContract, Context>;
  const token = { name: 'ann' };

  const open = async (limits = {}): Promise<void> => {
    log = [];
    test = await createTestSync<AnyContract, Context>({
      authorize: ({ token }) => ({ name: token ?? 'nobody' }),
      identify: () => 'anyone',
      logger: (entry) => void log.push(entry),
      limits,
    });
  };
  beforeEach(() => open());
  afterEach(() => test.close());

  const join = (
    name: string,
    topic = 'game',
  ): { get: () => unknown; stale: () => unknown; leave: () => void } => {
    const replica = test.connect({ auth: () => name }).replica(topic);
    const leave = replica.subscribe(() => undefined);
    return { get: () => replica.get(), stale: () => replica.status.get().reason?.message, leave };
  };

  it('a view gives each audience its own value, and follows the state', async () => {
    const game = test.hub.state('game', deal(), { audience: ({ name }) => name, view: asSeenBy });
    const [ann, ben] = [join('ann'), join('ben')];
    await test.advance();
    expect(ann.get()).toEqual(asSeenBy(deal(), 'ann'));
    expect(ben.get()).toEqual(asSeenBy(deal(), 'ben'));
    game.update((draft) => void draft.players[0]?.cards.push('joker'));
    await test.advance();
    expect(ann.get()).toMatchObject({ players: [{ cards: ['ace of ann', 'joker'] }, { cards: 1 }, {}] });
    expect(ben.get()).toMatchObject({ players: [{ cards: 2 }, { cards: ['ace of ben'] }, {}] });
    expect(game.get().players[1]).toEqual({ id: 'ben', cards: ['ace of ben'] });
  });

  it('a view runs once for all clients of an audience, and not for an audience without clients', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const runs: string[] = [];
    const game = test.hub.state('game', deal(), {
      audience: ({ name }) => name,
      view: ({ turn }, me) => (runs.push(`${me} ${turn}`), turn),
    });
    const [, , ben] = [join('ann'), join('ann'), join('ben')];
    await test.advance();
    ben.leave();
    await test.advance(2_000);
    game.update((draft) => void draft.turn++);
    await test.advance();
    expect(runs).toEqual(['ann 1', 'ben 1', 'ann 2']);
    vi.unstubAllEnvs();
  });

  it('a view sends nothing, and makes no revision, for a change that the audience does not see', async () => {
    const game = test.hub.state('game', deal(), { audience: ({ name }) => name, view: asSeenBy });
    const sync = test.connect({ auth: () => 'ann' });
    let changes = 0;
    sync.replica('game').subscribe(() => changes++);
    await test.advance();
    const before = game.snapshot('ann');
    changes = 0;
    game.update((draft) => void ((draft.players[1] as Player).cards = ['king']));
    await test.advance();
    expect(changes).toBe(0);
    expect(game.snapshot('ann')).toEqual(before);
    expect(game.snapshot('ben').version).toBe(1);
    game.update((draft) => void draft.turn++);
    await test.advance();
    expect(changes).toBe(1);
    expect(game.snapshot('ann').version).toBe(before.version + 1);
  });

  it('a view has an id for each audience', () => {
    const game = test.hub.state('game', deal(), { audience: ({ name }) => name, view: asSeenBy });
    const ids = ['ann', 'ben', 'ann'].map((name) => game.snapshot(name).id);
    expect(ids[0]).toBe(ids[2]);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('a view gets an audience that was created from its key, and nothing else of the context', async () => {
    const seen: unknown[] = [];
    class Secret {}
    const audience = { team: 'red', toJSON: undefined, secret: undefined as unknown };
    test.hub.state('game', deal(), {
      audience: () => Object.assign(audience),
      view: (_, each) => (seen.push(each), 0),
    });
    join('ann');
    await test.advance();
    expect(seen[0]).toStrictEqual({ team: 'red' });
    expect(seen[0]).not.toBe(audience);
    expect(Object.isFrozen(seen[0])).toBe(true);
    audience.secret = new Secret();
    expect(join('ben').get()).toBeUndefined();
    await test.advance();
    expect(log).toContainEqual(expect.objectContaining({ event: 'callback failed', topic: 'game' }));
  });

  it('a view without an audience is one for everyone', async () => {
    const game = test.hub.state('game', deal(), { view: ({ turn }) => ({ turn }) });
    const [ann, ben] = [join('ann'), join('ben')];
    await test.advance();
    expect([ann.get(), ben.get()]).toEqual([{ turn: 1 }, { turn: 1 }]);
    expect(test.hub.stats().audiences).toBe(1);
    expect(game.snapshot(null).body).toEqual({ turn: 1 });
  });

  it('a view follows a state that is live, watched or replaced', async () => {
    const source = deal();
    const game = test.hub.state('game', source, { audience: ({ name }) => name, view: asSeenBy });
    const ann = join('ann');
    await test.advance();
    source.turn = 2;
    game.push();
    await test.advance();
    expect(ann.get()).toMatchObject({ turn: 2 });
    const other = test.hub.state('game', deal(), { view: ({ turn }) => -turn });
    await test.advance();
    expect(ann.get()).toBe(-1);
    other.set({ turn: 7, players: [] });
    await test.advance();
    expect(ann.get()).toBe(-7);
    other.live().turn = 8;
    await test.advance();
    expect(ann.get()).toBe(-8);
  });

  it.each([
    ['throws', () => new Error('of the view')],
    ['returns a promise', () => Promise.resolve({ turn: 2 })],
    ['returns a promise that rejects', () => Promise.reject(new Error('of the view'))],
    ['returns undefined', () => undefined],
    ['returns a function', () => () => 2],
    ['returns what JSON cannot hold', () => ({ turn: new Map([[2, 2]]) })],
    ['returns a bigint', () => ({ turn: 2n })],
  ])(
    'a view that %s keeps the last value of its audience, which is stale until it succeeds',
    async (_, result) => {
      const game = test.hub.state('game', deal(), {
        audience: ({ name }) => name,
        view: ({ turn }, me): unknown => {
          if (me !== 'ann' || turn !== 2) return { turn };
          const given = result();
          if (given instanceof Error) throw given;
          return given;
        },
      });
      const [ann, ben] = [join('ann'), join('ben')];
      await test.advance();
      for (const turn of [2, 2])
        game.update((draft) => void (draft.players.push({ id: 'x', cards: [] }), (draft.turn = turn)));
      await test.advance();
      expect([ann.get(), ann.stale()]).toEqual([{ turn: 1 }, 'view-failed']);
      expect([ben.get(), ben.stale()]).toEqual([{ turn: 2 }, undefined]);
      expect(log.filter(({ event }) => event === 'callback failed')).toMatchObject([
        { topic: 'game', audience: 'ann' },
      ]);
      expect(() => game.snapshot('ann')).toThrow();
      game.update((draft) => void (draft.turn = 3));
      await test.advance();
      expect([ann.get(), ann.stale()]).toEqual([{ turn: 3 }, undefined]);
    },
  );

  it('a view that fails gives a client that joins no old value, and present clients keep theirs', async () => {
    let isBroken = false;
    const game = test.hub.state('game', deal(), {
      view: (value) => {
        if (isBroken) throw new Error('of the view');
        return value.turn;
      },
    });
    const ann = join('ann');
    await test.advance();
    isBroken = true;
    game.update((draft) => void draft.turn++);
    const ben = join('ben');
    await test.advance(40_000);
    expect([ann.get(), ann.stale()]).toEqual([1, 'view-failed']);
    expect([ben.get(), ben.stale()]).toEqual([undefined, 'view-failed']);
    isBroken = false;
    game.update((draft) => void draft.turn++);
    await test.advance();
    expect([ann.get(), ann.stale(), ben.get(), ben.stale()]).toEqual([3, undefined, 3, undefined]);
    expect(test.hub.stats().audiences).toBe(1);
  });

  it('a view that fails for the default topic leaves other topics current', async () => {
    let isBroken = false;
    const view = ({ turn }: DeepReadonly<Game>): number => {
      if (isBroken) throw new Error('broken');
      return turn;
    };
    const game = test.hub.state('', deal(), { view });
    test.hub.state('other', 1);
    const sync = test.connect();
    const [main, other] = [sync.replica(), sync.replica('other')];
    main.subscribe(() => undefined);
    other.subscribe(() => undefined);
    await test.advance();
    isBroken = true;
    game.update((draft) => void draft.turn++);
    await test.advance();
    expect([main, other].map(({ status }) => status.get().stale)).toEqual([true, false]);
    isBroken = false;
    game.update((draft) => void draft.turn++);
    await test.advance();
    expect(sync.status.get().stale).toBe(false);
  });

  it('a view that fails from the start leaves its audience without a value until it succeeds', async () => {
    const game = test.hub.state('game', deal(), {
      view: ({ turn }) => {
        if (turn < 3) throw new Error('too early');
        return turn;
      },
    });
    const ann = join('ann');
    await test.advance();
    expect([ann.get(), ann.stale()]).toEqual([undefined, 'view-failed']);
    expect(() => game.snapshot(null)).toThrow('too early');
    game.update((draft) => void draft.turn++);
    await test.advance();
    expect(ann.get()).toBeUndefined();
    game.update((draft) => void draft.turn++);
    await test.advance(10);
    expect([ann.get(), ann.stale()]).toEqual([3, undefined]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('of the audience');
      },
    ],
    ['returns a promise', () => Promise.reject(new Error('of the audience'))],
    ['returns undefined', () => undefined],
  ])('a view whose audience callback %s shows nothing', async (_, audience) => {
    test.hub.state('game', deal(), {
      audience: audience as () => unknown as () => string,
      view: (game) => game,
    });
    const ann = join('ann');
    await test.advance();
    expect([ann.get(), ann.stale()]).toEqual([undefined, 'view-failed']);
    expect(log).toContainEqual(expect.objectContaining({ event: 'callback failed', topic: 'game' }));
    expect(test.hub.stats().audiences).toBe(0);
  });

  it('development reports a view that gives two results, and fails one that writes', async () => {
    let count = 0;
    const game = test.hub.state('game', deal(), { view: ({ turn }) => ({ turn, count: count++ }) });
    const writing = test.hub.state('writing', deal(), {
      view: (value) => {
        (value as Game).players.sort(() => -1);
        return value;
      },
    });
    const [ann, ben] = [join('ann'), join('ann', 'writing')];
    await test.advance();
    game.update((draft) => void draft.turn++);
    await test.advance();
    expect(ann.get()).toMatchObject({ turn: 2 });
    expect(log.filter(({ event }) => event === 'impure view')).toMatchObject([{ topic: 'game' }]);
    expect([ben.get(), ben.stale()]).toEqual([undefined, 'view-failed']);
    expect(writing.get().players.map(({ id }) => id)).toEqual(['ann', 'ben', 'cy']);
  });

  it('development uses no remembered row of each() if a projection depends on more than each() got', async () => {
    const game = test.hub.state('game', deal(), {
      view: ({ players, turn }) =>
        each(players, 'all', ({ id, cards }) => ({ id, cards: turn > 1 ? 0 : cards })),
    });
    const ann = join('ann');
    await test.advance();
    game.update((draft) => void draft.turn++);
    await test.advance();
    expect(JSON.stringify(ann.get())).not.toContain('ace');
    expect(log).toContainEqual(expect.objectContaining({ event: 'impure view', topic: 'game' }));
  });

  it('a view shows a client whose role changes the value of its new role, without a further write', async () => {
    test.hub.state('game', deal(), { audience: ({ name }) => name, view: asSeenBy });
    const sync = test.connect({ auth: () => token.name });
    const shown: unknown[] = [];
    const replica = sync.replica('game');
    replica.subscribe(() => shown.push(replica.get()));
    await test.advance();
    for (const name of ['ben', 'ann']) {
      token.name = name;
      void sync.renew();
      await test.advance();
    }
    expect(shown).toEqual(['ann', 'ben', 'ann'].map((name) => asSeenBy(deal(), name)));
  });
});

describe('a client that is moved to another audience and back', () => {
  it('a client that is moved to another audience and back gets a snapshot if it names its former position', async () => {
    const role = { of: 'ann' };
    const hub = new Hub({ authorize: () => 'a client', compression: false });
    const state = new LocalState(deal());
    const view = (game: DeepReadonly<Game>, me: string): unknown => ({
      ...asSeenBy(game, me),
      pad: 'x'.repeat(500),
    });
    hub.views.publish('game', state, { audience: () => role.of, view });
    const credentials = { request: new Request('http://localhost'), header: () => undefined };
    const open = async (wanted: object): Promise<FakeOutlet> => {
      const outlet = new FakeOutlet();
      const session = hub.open(outlet, await hub.admissions.admit({ ...credentials, token: undefined }), {});
      hub.receive(session, { subscribe: [{ topic: 'game', ...wanted }] }, credentials);
      await turn();
      return outlet;
    };
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const isSnapshot = (frame: object | undefined): boolean =>
      'body' in (frame ?? {}) && !('delta' in (frame ?? {}));
    const other = await open({}); // keeps the audience in use
    const client = await open({});
    const { id, version, proof } = client.take()[1] as { id: string; version: number; proof: string };
    const change = async (card: string): Promise<void> => {
      state.update((draft) => void ((draft.players[0] as Player).cards = [card]));
      await turn();
    };
    await change('king');
    expect(isSnapshot((await open({ id, version, proof })).take()[1])).toBe(false); // it was never moved
    role.of = 'ben';
    await hub.recheck((_, topic) => topic === 'game');
    role.of = 'ann';
    await hub.recheck();
    await change('queen');
    const again = (await open({ id, version, proof })).take()[1];
    expect(isSnapshot(again)).toBe(true);
    expect(JSON.stringify(again)).not.toContain('king');
    expect(JSON.stringify(other.take())).toContain('king');
  });
});

describe('audiences', () => {
  let test: TestSync<AnyContract, Context>;
  const open = async (limits: { audiences?: number } = {}): Promise<void> => {
    test = await createTestSync<AnyContract, Context>({
      authorize: ({ token }) => ({ name: token ?? 'nobody' }),
      limits,
    });
  };
  afterEach(() => test.close());
  const join = (name: string): { replica: Replica<unknown>; leave: () => void } => {
    const replica = test.connect({ auth: () => name }).replica('game');
    return { replica, leave: replica.subscribe(() => undefined) };
  };
  const publish = (): ViewedState<Game, string, Seen> =>
    test.hub.state('game', deal(), { audience: ({ name }) => name, view: asSeenBy });

  it('audiences are counted, and forgotten 30 s after their last client has left', async () => {
    await open();
    const game = publish();
    const [ann, ben] = [join('ann'), join('ben')];
    await test.advance();
    const { id } = game.snapshot('ann');
    expect(test.hub.stats()).toMatchObject({ audiences: 2 });
    ann.leave();
    ben.leave();
    await test.advance(28_000);
    expect(test.hub.stats()).toMatchObject({ audiences: 2 });
    const again = join('ann');
    await test.advance(5_000);
    expect(test.hub.stats()).toMatchObject({ audiences: 1 });
    expect(game.snapshot('ann').id).toBe(id);
    again.leave();
    await test.advance(40_000);
    expect(test.hub.stats()).toMatchObject({ audiences: 0 });
    expect(game.snapshot('ann').id).not.toBe(id);
  });

  it('audiences beyond limits.audiences are denied, and take the place of one without clients', async () => {
    await open({ audiences: 2 });
    const game = publish();
    const [ann] = [join('ann'), join('ben')];
    await test.advance();
    const cy = join('cy');
    await test.advance();
    expect(cy.replica.get()).toBeUndefined();
    expect(cy.replica.status.get().reason?.code).toBe('too-many');
    expect(() => game.snapshot('cy')).toThrow(expect.objectContaining({ code: 'too-many' }));
    ann.leave();
    await test.advance(8_000);
    expect(cy.replica.get()).toEqual(asSeenBy(deal(), 'cy'));
    expect(test.hub.stats()).toMatchObject({ audiences: 2 });
  });

  it.each([0, 300])('free audiences go to denied clients; canSubscribe answers in %i ms', async (ms) => {
    const banned = new Set<string>();
    const canSubscribe = vi.fn(({ name }: Context) => {
      const isAllowed = !banned.has(name);
      return ms ? new Promise<boolean>((resolve) => setTimeout(() => resolve(isAllowed), ms)) : isAllowed;
    });
    test = await createTestSync<AnyContract, Context>({
      authorize: ({ token }) => ({ name: token ?? 'nobody' }),
      canSubscribe: (context) => canSubscribe(context),
      limits: { audiences: 2 },
    });
    publish();
    const first = [join('ann'), join('ben')];
    await test.advance(1_000);
    const waiting = ['cy', 'eve', 'dan', 'cy', 'fay'].map((name) => join(name).replica);
    const seen = (): number => waiting.filter((replica) => replica.get() !== undefined).length;
    await test.advance(60_000);
    expect(seen()).toBe(0);
    canSubscribe.mockClear();
    banned.add('eve');
    first[0]?.leave();
    await test.advance(10_000);
    expect(seen()).toBe(2); // both that are called cy
    expect(canSubscribe).toHaveBeenCalledTimes(2);
    first[1]?.leave();
    await test.advance(10_000);
    expect(seen()).toBe(3);
    expect(waiting.map(({ status }) => status.get().reason?.code)).toEqual([
      undefined,
      'forbidden',
      undefined,
      undefined,
      'too-many',
    ]);
    expect(test.hub.stats()).toMatchObject({ audiences: 2 });
  });

  it('recheck asks for the audience of each client again', async () => {
    await open();
    let isOpen = false;
    test.hub.state('game', deal(), {
      audience: ({ name }) => (isOpen ? 'all' : name),
      view: (game, me) => (me === 'all' ? game : asSeenBy(game, me)),
    });
    const ann = join('ann');
    await test.advance();
    isOpen = true;
    void test.hub.recheck(({ name }, topic) => name === 'ann' && topic === 'game');
    await test.advance();
    expect(ann.replica.get()).toEqual(deal());
    isOpen = false;
    void test.hub.recheck();
    await test.advance();
    expect(ann.replica.get()).toEqual(asSeenBy(deal(), 'ann'));
  });

  it('audiences without clients are computed again when a client comes back, which resumes', async () => {
    await open();
    const game = publish();
    const ann = join('ann');
    await test.advance();
    ann.leave();
    await test.advance(12_000);
    game.update((draft) => void draft.turn++);
    await test.advance();
    const sync = test.connect({ auth: () => 'ann' });
    const frames: unknown[] = [];
    sync.replica('game').subscribe(() => frames.push(sync.replica('game').get()));
    await test.advance();
    expect(frames).toEqual([{ ...asSeenBy(deal(), 'ann'), turn: 2 }]);
    expect(game.snapshot('ann').version).toBe(2);
  });

  it('audiences are forgotten with their topic', async () => {
    await open();
    publish();
    join('ann');
    await test.advance();
    test.hub.remove('game');
    expect(test.hub.stats()).toMatchObject({ audiences: 0 });
    publish();
    await test.advance();
    test.hub.state('game', deal());
    expect(test.hub.stats()).toMatchObject({ audiences: 0 });
  });
});

describe('a value with a view over plain HTTP', () => {
  const hub = createHub<AnyContract, string>({ authorize: ({ header }) => header('cookie') ?? '' });
  const game = hub.state('game', deal(), { audience: (name) => name, view: asSeenBy });
  const get = (cookie: string, headers: Record<string, string> = {}): Promise<Response> =>
    hub.fetch(new Request('http://localhost/sync?topic=game', { headers: { cookie, ...headers } }));

  it('plain HTTP gets the value of its audience, and caches keep it apart', async () => {
    const response = await get('ann');
    expect(await response.json()).toMatchObject({
      body: asSeenBy(deal(), 'ann'),
      id: game.snapshot('ann').id,
    });
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
    expect(response.headers.get('vary')).toBe('Authorization, Cookie, Origin');
  });

  it('plain HTTP gets 304 for the ETag of its own audience alone', async () => {
    const etag = (await get('ann')).headers.get('etag') ?? '';
    expect((await get('ann', { 'if-none-match': etag })).status).toBe(304);
    const other = await get('ben', { 'if-none-match': etag });
    expect(other.status).toBe(200);
    expect(await other.json()).toMatchObject({ body: asSeenBy(deal(), 'ben') });
  });
});

describe('publishing with a view', () => {
  it('hub.state() refuses an audience without a view, and a state that has one already', () => {
    const hub = createHub();
    expect(() => hub.state('game', deal(), { audience: () => 'all' } as never)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
    const viewed = hub.state('game', deal(), { view: ({ turn }) => turn });
    expect(() => hub.state('other', viewed as never)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
    expect(() => hub.state('other', deal(), { view: 'turn' } as never)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });

  it('serves one state raw to some and viewed to others', () => {
    const hub = createHub();
    const state = velox.state(deal());
    hub.state('all', state);
    const viewed = hub.state('some', state, { view: ({ turn }) => turn });
    viewed.update((draft) => void draft.turn++);
    expect(state.snapshot().body).toMatchObject({ turn: 2 });
    expect(viewed.snapshot(null).body).toBe(2);
  });

  const read = async (endpoint: velox.Endpoint['handle']): Promise<unknown> => {
    const server = createServer((request, response) => void endpoint(request, response));
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const { port } = server.address() as AddressInfo;
    const { body } = (await (await fetch(`http://localhost:${port}/sync`)).json()) as { body: unknown };
    server.close();
    return body;
  };

  it('handle() with a view shows only the view', async () => {
    const game = deal();
    expect(await read(velox.handle(game, { view: ({ turn }) => turn }))).toBe(1);
    expect(await read(velox.handle(game))).toBe(1);
    expect(await read(velox.state(game).handle)).toBe(1);
  });

  it('handle() refuses a view of an object that is served without it', () => {
    const game = deal();
    velox.handle(game);
    expect(() => velox.handle(game, { view: ({ turn }) => turn })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });

  it('handle() with a view of an object that is a state already shows only the view', async () => {
    const game = deal();
    const state = velox.state(game);
    state.update((draft) => void draft.turn++);
    expect(await read(velox.handle(game, { view: ({ turn }) => turn }))).toBe(2);
  });
});
