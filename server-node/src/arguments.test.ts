/** Arguments that cannot work are refused where they enter, with the remedy: not at the first event, and not by a TypeError. */
import { describe, expect, it } from 'vitest';
import { combine } from './backplane.js';
import { memory } from './backplanes/memory/index.js';
import { mesh } from './backplanes/mesh/index.js';
import { nats } from './backplanes/nats/index.js';
import { postgres } from './backplanes/postgres/index.js';
import { redis } from './backplanes/redis/index.js';
import { sqlite } from './backplanes/sqlite/index.js';
import { entitySync } from './entity-sync.js';
import * as velox from './index.js';
import { createTestSync } from './testing/index.js';

type Loose = Record<string, (...given: unknown[]) => unknown>;
type Act = (hub: Loose) => unknown;

const api = velox as unknown as Loose;
const database = { exec: () => undefined, prepare: () => undefined } as never;
const secret = 'a secret of some length';
const handler = (): void => undefined;

/** The message of the `bad-option` that `act` throws. */
function refused(act: Act): string {
  try {
    act(velox.createHub() as unknown as Loose);
  } catch (error) {
    if (velox.isVeloxError(error, 'bad-option')) return error.message;
    throw error;
  }
  return 'accepted';
}

const HANDLERS: [string, Act, string][] = [
  ["hub.on('x')", (hub) => hub.on!('x'), 'hub.on() got undefined as the handler of "x". Pass a function.'],
  [
    "hub.on('x', 'y')",
    (hub) => hub.on!('x', 'y'),
    'hub.on() got "y" as the handler of "x". Pass a function.',
  ],
  [
    'hub.on() with a schema and no handler',
    (hub) => hub.on!('x', schema),
    'got an object as the handler of "x"',
  ],
  [
    'hub.on() with something else as a schema',
    (hub) => hub.on!('x', undefined, handler),
    'hub.on() got undefined as the schema of "x". Pass a Standard Schema.',
  ],
  [
    'hub.on() with a handler that is none in an object',
    (hub) => hub.on!({ x: 5 }),
    'got 5 as the handler of "x"',
  ],
  ['hub.on(5)', (hub) => hub.on!(5, handler), 'hub.on() got 5 as the name of an event. Pass a string'],
  ['hub.on()', (hub) => hub.on!(), 'hub.on() got undefined as the name of an event. Pass a string'],
  ["hub.once('x')", (hub) => hub.once!('x'), 'hub.once() got undefined as the handler of "x"'],
  ["hub.answer('z')", (hub) => hub.answer!('z'), 'hub.answer() got undefined as the handler of "z"'],
  [
    'hub.answer(handler)',
    (hub) => hub.answer!(handler),
    'hub.answer() got a function as the name of a call.',
  ],
  ['hub.presence()', (hub) => hub.presence!(), 'hub.presence() got undefined as options. Pass an object.'],
  ['hub.presence({})', (hub) => hub.presence!({}), 'got undefined as option "of". Pass a function.'],
  ["hub.entity('q')", (hub) => hub.entity!('q'), 'hub.entity() got undefined as options. Pass an object.'],
  ['hub.entity({})', (hub) => hub.entity!({}, {}), 'got an object as the name of an entity. Pass a string'],
  [
    'hub.recheck() of a user',
    (hub) => hub.recheck!('ann'),
    'hub.recheck() got "ann" as a filter. Pass a function',
  ],
];

const VALUES: [string, Act, string][] = [
  [
    "hub.state('x')",
    (hub) => hub.state!('x'),
    'hub.state() got no value for "x". Pass a JSON value, such as null.',
  ],
  [
    'hub.state({ a: 1 })',
    (hub) => hub.state!({ a: 1 }),
    'got an object as the name of a topic. Pass a string',
  ],
  ['hub.live({ a: 1 })', (hub) => hub.live!({ a: 1 }), 'got an object as the name of a topic. Pass a string'],
  ["hub.live('x', 4)", (hub) => hub.live!('x', 4), 'hub.live() got 4 as a value. Pass an object or a list.'],
  ["hub.shared('x')", (hub) => hub.shared!('x'), 'hub.shared() got no value for "x"'],
  ['velox.live(4)', () => api.live!(4), 'live() got 4 as a value. Pass an object or a list.'],
  ['velox.handle(4)', () => api.handle!(4), 'handle() got 4 as a value. Pass an object or a list.'],
  ['velox.watch(4)', () => api.watch!(4), 'watch() got 4 as a value. Pass an object or a list.'],
  [
    'state.update()',
    () => (velox.state({}) as unknown as Loose).update!(),
    'update() got undefined as a recipe. Pass',
  ],
  [
    'state.update(value)',
    () => (velox.state({}, { ownership: 'watched' }) as unknown as Loose).update!({ a: 1 }),
    'update() got an object as a recipe. Pass a function',
  ],
  ['batch(live)', () => api.batch!(velox.live({})), 'batch() got undefined as a change. Pass a function'],
];

const SERVERS: [string, Act, string][] = [
  ['hub.attach()', (hub) => hub.attach!(), 'attach() got undefined as a server. Pass a server of node:http'],
  ['hub.attach(hub.handle)', (hub) => hub.attach!(hub.handle), 'attach() got a function as a server.'],
  [
    'hub.attach() with a path without a slash',
    (hub) => hub.attach!(server, 'sync'),
    'got "sync" as a path. Pass a path',
  ],
  [
    'entitySync(hub).attach()',
    (hub) => (entitySync(hub as never) as unknown as Loose).attach!(),
    'as a server',
  ],
];

const RECIPIENTS: [string, Act, string][] = [
  ...['to', 'notIn'].map((name): [string, Act, string] => [
    `hub.${name}(undefined)`,
    (hub) => hub[name]!(undefined),
    `${name}() got undefined as a room. Pass a string.`,
  ]),
  ['hub.to([5])', (hub) => hub.to!([5]), 'to() got 5 as a room. Pass a string.'],
  ['hub.room(5)', (hub) => hub.room!(5), 'hub.room() got 5 as the name of a room. Pass a string.'],
  ['hub.only(undefined)', (hub) => hub.only!(undefined), 'a recipient is no session of this server'],
  ['hub.emit()', (hub) => hub.emit!(), 'event'],
];

const BACKPLANES: [string, Act, string][] = [
  [
    'combine() without a bus',
    () => combine({ log: memory() } as never),
    'combine() got undefined as option "bus". Pass a bus',
  ],
  [
    'combine() without a log',
    () => combine({ bus: memory() } as never),
    'combine() got undefined as option "log". Pass a log',
  ],
  [
    'combine() of something else',
    () => combine({ log: {}, bus: {} } as never),
    'combine() got an object as option "log"',
  ],
  [
    'a log alone as backplane',
    () => velox.createHub({ backplane: sqlite(database) as never }),
    'createHub() got an object as option "backplane". Pass a backplane. This is a log without a bus: combine({ log, bus: mesh({ … }) }).',
  ],
  [
    'a bus alone as backplane',
    () => velox.createHub({ backplane: { bus: memory().bus } as never }),
    'Pass a backplane. This is a bus without a log: combine({ log: sqlite(database), bus }).',
  ],
  [
    'mesh() without a secret',
    () => mesh({ grpc: {} } as never),
    'mesh() got undefined as option "secret". Pass',
  ],
  [
    'mesh() without grpc',
    () => mesh({ secret } as never),
    'mesh() got undefined as option "grpc". Pass the module',
  ],
  [
    'mesh() without an address',
    () => mesh({ grpc: {}, secret } as never),
    'mesh() got neither "folder" nor "listen". Pass `folder` for the processes of one machine, or `listen` and `peers`.',
  ],
  [
    'mesh() without peers',
    () => mesh({ grpc: {}, secret, listen: ':1' } as never),
    'got undefined as option "peers"',
  ],
  [
    "sqlite('file.db')",
    () => sqlite('file.db' as never),
    'sqlite() got "file.db" as a database. Pass a connection',
  ],
  [
    'postgres(url)',
    () => postgres('postgres://localhost' as never),
    'postgres() got "postgres://localhost" as a pool.',
  ],
  ['redis(url)', () => redis('redis://localhost' as never), 'redis() got "redis://localhost" as a client.'],
  ['nats(url)', () => nats('localhost' as never, {} as never), 'nats() got "localhost" as a connection.'],
  [
    'nats() without JetStream',
    () => nats({ subscribe: handler } as never, undefined as never),
    'as JetStream',
  ],
];

const schema = {
  '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
};
const server = { on: handler, emit: handler };

describe.each([
  ['a handler', HANDLERS],
  ['a value', VALUES],
  ['a server', SERVERS],
  ['a recipient', RECIPIENTS],
  ['an engine', BACKPLANES],
])('%s that cannot work is refused', (_, cases) => {
  it.each(cases)('%s', (_name, act, message) => {
    expect(refused(act)).toContain(message);
  });
});

it('rooms, channels and handlers of a session that cannot work are refused', async () => {
  await using test = await createTestSync();
  test.connect().on('a', handler);
  await test.advance();
  const session = test.hub.sessions()[0] as unknown as Loose;
  const channel = session.channel!('files') as Loose;
  const cases: [Act, string][] = [
    ...['to', 'join', 'leave'].map((name): [Act, string] => [
      () => session[name]!([undefined]),
      `${name}() got undefined as a room. Pass a string.`,
    ]),
    [() => session.channel!(5), 'channel() got 5 as a name. Pass a string.'],
    [() => channel.on!('a'), 'channel.on() got undefined as the handler of "a". Pass a function.'],
    [() => channel.on!(handler), 'channel.on() got a function as the name of an event. Pass a string.'],
    [() => channel.onMessage!(), 'got undefined as the handler of ""'],
  ];
  for (const [act, message] of cases) expect(refused(act)).toContain(message);
});

it('an object of handlers is refused as a whole: none of them is added', () => {
  const contract = velox.defineContract({ events: { bad: schema } }) as never;
  const hub = velox.createHub({ contract }) as unknown as Loose;
  // The contract has no event "good", so adding it would be refused first.
  expect(() => hub.on!({ good: handler, bad: 5 })).toThrow('got 5 as the handler of "bad"');
});

it('an update of a shared state without a function rejects', async () => {
  const hub = velox.createHub({ backplane: memory() });
  const shared = hub.shared('a', { n: 1 }) as unknown as Loose;
  await expect(shared.update!({ n: 2 })).rejects.toMatchObject({
    code: 'bad-option',
    message: expect.stringContaining('update() got an object as a recipe') as string,
  });
  await hub.close();
});

it('a value of undefined is null, as JSON has it', () => {
  expect(velox.createHub().state('x', undefined).get()).toBeNull();
});

it('a topic or an entity that is added after hub.close() is refused as closed', async () => {
  const hub = velox.createHub({ backplane: memory() });
  const before = hub.state('before', { n: 1 });
  await hub.close();
  for (const [name, act] of Object.entries({
    state: () => hub.state('a', {}),
    live: () => hub.live('a', {}),
    shared: () => hub.shared('a', {}),
    entity: () => hub.entity('a', { fetch: () => null }),
  }))
    expect(act).toThrow(
      expect.objectContaining({
        code: 'closed',
        message: `velox: hub.${name}() came after hub.close(). Create another hub.`,
      }),
    );
  // A timer of the application may still run while the process ends.
  before.update((draft) => void draft.n++);
  expect(hub.emit('news', 1)).toBe(0);
});
