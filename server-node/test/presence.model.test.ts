/** Presence against a model: after any course of clients, links and the server, every client sees exactly the others. */
import { presenceOf, type Presence, type Sync } from '@velox/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as velox from '../src/index.js';
import { createTestSync } from '../src/testing/index.js';

const ROOMS = ['lobby', 'garden'] as const;
type Room = (typeof ROOMS)[number];
const TRANSPORTS = ['websocket', 'sse', 'polling'] as const;

type Step = { readonly client: number; readonly wait: number } & (
  | { readonly do: 'enter' | 'leave'; readonly room: Room }
  | { readonly do: 'set'; readonly room: Room; readonly mine: number }
  | { readonly do: 'drop' | 'half-open' | 'outage' | 'reconnect' | 'crash' | 'end' }
);

const client = fc.nat({ max: 4 });
const wait = fc.constantFrom(0, 10, 120, 1_500, 20_000);
const room = fc.constantFrom(...ROOMS);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ client, wait, do: fc.constantFrom('enter' as const, 'leave' as const), room }),
  {
    weight: 2,
    arbitrary: fc.record({
      client,
      wait,
      do: fc.constant('set' as const),
      room,
      mine: fc.nat({ max: 1_000 }),
    }),
  },
  fc.record({
    client,
    wait,
    do: fc.constantFrom(
      'drop' as const,
      'half-open' as const,
      'outage' as const,
      'reconnect' as const,
      'crash' as const,
      'end' as const,
    ),
  }),
);

/** One browser tab. Tabs 3 and 4 belong to the same user. */
interface Tab {
  readonly user: string;
  readonly index: number;
  readonly sync: Sync;
  readonly rooms: Map<Room, { readonly presence: Presence; readonly leave: () => void; mine: number }>;
  isAlive: boolean;
}

const userOf = (index: number): string => (index >= 3 ? 'twin' : `user-${index}`);

it(
  'in the end every client sees exactly the others, with their newest data',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40, size: 'max' }),
        fc.array(fc.constantFrom(...TRANSPORTS), { minLength: 5, maxLength: 5 }),
        fc.constantFrom(0, 300),
        fc.integer(),
        async (steps, transports, delay, seed) => {
          const test = await createTestSync<velox.AnyContract, string>({
            seed,
            authorize: ({ token = '' }) => token,
            canJoin: () => delay === 0 || new Promise((resolve) => setTimeout(() => resolve(true), delay)),
            logger: () => undefined,
          });
          try {
            const rooms = test.hub.presence({
              of: ({ context }: velox.Session<string>) => ({ id: context }),
            });
            let count = 0;
            const open = (index: number): Tab => ({
              user: userOf(index),
              index: count++,
              sync: test.connect({ auth: () => userOf(index), transport: transports[index]! }),
              rooms: new Map(),
              isAlive: true,
            });
            const tabs = Array.from({ length: 5 }, (_, index) => open(index));
            for (const each of steps) {
              const tab = tabs[each.client]!;
              if (each.do === 'enter' && !tab.rooms.has(each.room)) {
                const presence = presenceOf(tab.sync, each.room);
                tab.rooms.set(each.room, { presence, leave: presence.enter(0), mine: 0 });
              } else if (each.do === 'leave') {
                tab.rooms.get(each.room)?.leave();
                tab.rooms.delete(each.room);
              } else if (each.do === 'set') {
                const entered = tab.rooms.get(each.room);
                entered?.presence.set(each.mine);
                if (entered) entered.mine = each.mine;
              } else if (each.do === 'drop') test.inflict({ harm: 'drop' }, tab.index);
              else if (each.do === 'half-open')
                test.inflict({ harm: 'half-open', told: 'nobody' }, tab.index);
              else if (each.do === 'outage') {
                test.inflict({ harm: 'refuse', ms: 60_000, what: [...TRANSPORTS, 'post'] }, tab.index); // longer than a session
              } else if (each.do === 'reconnect') tab.sync.reconnect();
              else if (each.do === 'crash' || each.do === 'end') {
                if (each.do === 'end') tab.sync.close();
                else test.inflict({ harm: 'freeze', who: 'client', ms: 10_000_000 }, tab.index);
                tab.isAlive = false;
                tabs[each.client] = open(each.client);
              }
              await test.advance(each.wait);
            }
            await test.advance(150_000);

            for (const name of ROOMS) {
              const expected = new Map<string, number[]>();
              for (const { user, rooms: entered } of tabs) {
                const own = entered.get(name);
                if (own) expected.set(user, [...(expected.get(user) ?? []), own.mine].sort());
              }
              const shown = (members: velox.PresenceMembers): Map<string, number[]> =>
                new Map(
                  Object.entries(members)
                    .map(
                      ([id, { at, away }]) =>
                        [id, away ? [-1] : (Object.values(at) as number[]).sort()] as const,
                    )
                    .sort(),
                );
              const sorted = (members: Map<string, number[]>) => new Map([...members].sort());
              expect(shown(rooms.members(name))).toEqual(sorted(expected));
              for (const { user, rooms: entered } of tabs) {
                const others = new Map(expected);
                others.delete(user);
                const own = entered.get(name);
                if (own) expect(shown(own.presence.get())).toEqual(sorted(others));
              }
            }
            for (const tab of tabs) tab.sync.close();
            await test.advance(60_000);
            // The session of a client that crashed before it joined a room is not watched.
            expect(test.hub.stats()).toMatchObject({ rooms: 0, presence: 0 });
          } finally {
            test.close();
          }
        },
      ),
      { numRuns: Math.ceil(Number(process.env.VELOX_RUNS ?? 300) / 15) },
    );
  },
);
