import { describe, expect, it } from 'vitest';
import * as velox from './index.js';

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
      'closeOnSignal',
      () => velox.closeOnSignal(velox.createHub(), { close: () => ({}) as never }, { drian: 1 } as never),
      'Did you mean "drain"?',
    ],
  ])('to %s is refused, with the nearest one', (_, act, message) => {
    expect(refused(act)).toContain(message);
  });

  it('to close is refused', async () => {
    const error = await velox
      .createHub()
      .close({ drains: 1 } as never)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'bad-option' });
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
