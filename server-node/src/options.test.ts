import { describe, expect, it } from 'vitest';
import { combine } from './backplane.js';
import { memory } from './backplanes/memory/index.js';
import { mesh } from './backplanes/mesh/index.js';
import { nats } from './backplanes/nats/index.js';
import { postgres } from './backplanes/postgres/index.js';
import { redis } from './backplanes/redis/index.js';
import { sqlite } from './backplanes/sqlite/index.js';
import * as velox from './index.js';
import { createTestSync } from './testing/index.js';

const items = () => velox.createHub().entity('items', { fetch: () => null });
const meshOptions = { grpc: {}, secret: 'a secret of some length', listen: '127.0.0.1:0' };

/** The message of the `bad-option` that `act` throws. */
function refused(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (velox.isVeloxError(error, 'bad-option')) return error.message;
    throw error;
  }
  return 'accepted';
}

/** The message of the `bad-option` with which a promise rejects. */
async function rejected(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (velox.isVeloxError(error, 'bad-option')) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('an unknown option', () => {
  it.each<[string, () => unknown, string]>([
    [
      'createHub',
      () => velox.createHub({ autorize: () => 1 } as never),
      '"autorize". Did you mean "authorize"?',
    ],
    [
      'createHub, in another case',
      () => velox.createHub({ cansubscribe: () => 1 } as never),
      '"canSubscribe"?',
    ],
    [
      'a limit',
      () => velox.createHub({ limits: { session: 1 } as never }),
      '"limits.session". Did you mean "sessions"?',
    ],
    ['state', () => velox.state({}, { throtle: 1 } as never), 'Did you mean "throttle"?'],
    ['history', () => velox.state({}, { history: { revision: 1 } as never }), 'Did you mean "revisions"?'],
    ['live', () => velox.live({}, { origin: '*' } as never), 'Did you mean "origins"?'],
    ['handle', () => velox.handle({}, { hartbeat: 1 } as never), 'Did you mean "heartbeat"?'],
    [
      'hub.state',
      () => velox.createHub().state('a', {}, { heartbeat: 1 } as never),
      'It knows throttle, depth',
    ],
    ['hub.live', () => velox.createHub().live('a', {}, { keys: 'id' } as never), 'Did you mean "key"?'],
    [
      'hub.entity',
      () => velox.createHub().entity('a', { fetsh: () => null } as never),
      'Did you mean "fetch"?',
    ],
    [
      'put',
      () => items().put('7', {}, { verison: 1 } as never),
      'put() has no option "verison". Did you mean',
    ],
    ['fetched', () => velox.fetched({}, { relatd: {} } as never), 'Did you mean "related"?'],
    ['hub.shared', () => velox.createHub().shared('a', {}, { keeps: 5 } as never), 'Did you mean "keep"?'],
    ['hub.presence', () => velox.createHub().presence({ off: () => 1 } as never), 'Did you mean "of"?'],
    ['hub.pause', () => velox.createHub().pause({ retryafter: 1 } as never), 'Did you mean "retryAfter"?'],
    ['hub.sse', () => velox.createHub().sse({ retrys: 1 } as never), 'Did you mean "retry"?'],
    ['hub.emit', () => velox.createHub().emit('a', 1, { chanel: 'b' } as never), 'Did you mean "channel"?'],
    [
      'hub.emit that only one session takes',
      () => velox.createHub().emit('a', 1, { volatile: true } as never),
      'It knows key, channel.',
    ],
    ['combine', () => combine({ buss: {} } as never), 'Did you mean "bus"?'],
    ['sqlite', () => sqlite({} as never, { pol: 20 } as never), 'Did you mean "poll"?'],
    ['redis', () => redis({} as never, { prefixes: 'a' } as never), 'Did you mean "prefix"?'],
    ['postgres', () => postgres({} as never, { notifys: false } as never), 'Did you mean "notify"?'],
    ['nats', () => nats({} as never, {} as never, { replica: 3 } as never), 'Did you mean "replicas"?'],
    ['mesh', () => mesh({ ...meshOptions, peer: [] } as never), 'Did you mean "peers"?'],
    [
      'mesh, deeper',
      () => mesh({ ...meshOptions, tls: { certs: '' } } as never),
      '"tls.certs". Did you mean "cert"?',
    ],
    [
      'closeOnSignal',
      () => velox.closeOnSignal(velox.createHub(), { close: () => ({}) as never }, { drian: 1 } as never),
      'Did you mean "drain"?',
    ],
  ])('to %s is refused, with the nearest one', (_, act, message) => {
    expect(refused(act)).toContain(message);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['close', () => velox.createHub().close({ drains: 1 } as never), 'Did you mean "drain"?'],
    ['hub.call', () => velox.createHub().call('a', 1, { timout: 5 } as never), 'Did you mean "timeout"?'],
    ['workers', () => velox.workers({ counts: 2 } as never, () => {}), 'Did you mean "count"?'],
    [
      'an update of a shared state',
      () =>
        velox
          .createHub({ backplane: memory() })
          .shared('a', { n: 1 })
          .update(() => {}, { tags: 'a' } as never),
      'Did you mean "tag"?',
    ],
    ['createTestSync', () => createTestSync({ hartbeat: 1 } as never), 'Did you mean "heartbeat"?'],
  ])('to %s is refused, with the nearest one', async (_, act, message) => {
    expect(await rejected(act)).toContain(message);
  });

  it('to emit and call of a session is refused, with the nearest one', async () => {
    await using test = await createTestSync();
    test.connect().on('a', () => {});
    await test.advance();
    const session = test.hub.sessions()[0]!;
    const channel = session.channel('b');
    const given = { volatil: true } as never;
    for (const act of [
      () => session.emit('a', 1, given),
      () => channel.emit('a', 1, given),
      () => channel.send(1, given),
    ])
      expect(refused(act)).toContain('Did you mean "volatile"?');
    expect(refused(() => session.call('a', 1, { signals: [] } as never))).toContain('Did you mean "signal"?');
  });
});

describe('a number out of range', () => {
  const limits = Object.keys(velox.DEFAULT_LIMITS);
  const numbers: [string, (value: never) => unknown][] = [
    ...['heartbeat', 'patience'].map((name): [string, (value: never) => unknown] => [
      name,
      (value) => velox.createHub({ [name]: value }),
    ]),
    ...limits.map((name): [string, (value: never) => unknown] => [
      `limits.${name}`,
      (value) => velox.createHub({ limits: { [name]: value } }),
    ]),
    ...['timeout', 'maxAge', 'linger'].map((name): [string, (value: never) => unknown] => [
      name,
      (value) => velox.createHub().entity('a', { fetch: () => null, [name]: value }),
    ]),
    ['keep', (keep) => velox.createHub({ backplane: memory() }).shared('a', {}, { keep })],
    ['concurrency', (concurrency) => velox.createHub().entity('a', { fetch: () => null, concurrency })],
    ['throttle', (throttle) => velox.state({}, { throttle })],
    ['depth', (depth) => velox.state({}, { depth })],
    ['history.revisions', (revisions) => velox.state({}, { history: { revisions } })],
    ['history.size', (size) => velox.state({}, { history: { size } })],
  ];
  it.each(numbers)('%s is refused, with its value', (name, act) => {
    for (const value of [-1, Number.NaN, Number.NEGATIVE_INFINITY, '1', null]) {
      const shown = typeof value === 'string' ? '"1"' : String(value);
      expect(refused(() => act(value as never))).toContain(`got ${shown} as option "${name}". Pass `);
    }
    expect(refused(() => act(1 as never))).toBe('accepted');
    expect(refused(() => act(undefined as never))).toBe('accepted');
  });

  it.each<[string, unknown[], (value: never) => unknown]>([
    ['poll', [0, 1.5, Infinity], (poll) => sqlite({} as never, { poll })],
    ['replicas', [0, 1.5, Infinity], (replicas) => nats({} as never, {} as never, { replicas })],
    ['prefix', ['a b', ''], (prefix) => nats({} as never, {} as never, { prefix })],
  ])('%s of a backplane is refused, with its value', (name, values, act) => {
    for (const value of [...values, -1, Number.NaN, null])
      expect(refused(() => act(value as never))).toContain(` as option "${name}". Pass `);
  });

  it('timeouts of calls and updates, the number of workers and the latency of a test are checked, too', async () => {
    const shared = velox.createHub({ backplane: memory() }).shared('a', { n: 1 });
    for (const act of [
      () => velox.createHub().call('a', 1, { timeout: NaN }),
      () => shared.update(() => {}, { timeout: -1 }),
      () => shared.set({ n: 2 }, { tag: 'a b' }),
      () => velox.workers({ grpc: {} as never, count: 0 }, () => {}),
      () => velox.workers({ grpc: {} as never, count: Infinity }, () => {}),
      () => createTestSync({ latency: NaN }),
      () => createTestSync({ seed: Infinity }),
    ])
      expect(await rejected(act)).toMatch(/^velox: .+ got .+ as option ".+"\. Pass .+\.$/);
  });

  it('a count has no fraction, a time may have one, and both may be Infinity', () => {
    expect(refused(() => velox.state({}, { depth: 1.5 }))).toContain('a whole number');
    expect(refused(() => velox.createHub({ heartbeat: 0.5, patience: Infinity }))).toBe('accepted');
    expect(refused(() => velox.state({}, { throttle: Infinity }))).toContain('milliseconds');
    expect(refused(() => velox.createHub({ limits: { frame: Infinity } }))).toBe('accepted');
  });
});

it.each<[string, object]>([
  ['authorize', { authorize: true }],
  ['logger', { logger: console }],
  ['origins', { origins: 'https://app.example' }],
  ['compression', { compression: 'gzip' }],
  ['version2', { version2: 1 }],
  ['limits', { limits: 5 }],
  ['validators.subscription', { validators: { subscription: () => true } }],
])('an option of another type is refused: %s', (name, options) => {
  expect(refused(() => velox.createHub(options as never))).toContain(`as option "${name}". Pass `);
});

it('options that are no object are refused', () => {
  expect(refused(() => velox.createHub(null as never))).toContain('got null as options');
});

describe('origins', () => {
  it.each([
    'x.com',
    'localhost:3000',
    '//x.com',
    'https://*.x.com',
    'https://x.com/path',
    'https://x.com?a',
    'https://ann@x.com',
    'https://',
    '*',
    '',
    5,
  ])('that no page can have are refused: %s', (origin) => {
    expect(refused(() => velox.createHub({ origins: ['https://app.example', origin as string] }))).toContain(
      `as option "origins". Pass '*' or a list of origins, such as 'https://app.example'. ${JSON.stringify(origin)} is none.`,
    );
  });

  it.each([
    'https://x.com',
    'http://localhost:3000',
    'HTTPS://X.com:443/',
    'http://[::1]:8080',
    'capacitor://localhost',
    'chrome-extension://abcdefgh',
    'null',
  ])('that pages have are taken: %s', (origin) => {
    expect(refused(() => velox.createHub({ origins: [origin] }))).toBe('accepted');
  });
});
