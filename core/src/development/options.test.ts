import { describe, expect, it, vi } from 'vitest';
import { connect } from '../connect/connect.js';
import { replicaOf, shared } from '../connect/registry.js';
import { syncOf } from '../connect/sync-of.js';
import { createConnection, createEventConnection } from '../connection/connection.js';
import { createSync } from '../events/sync.js';
import { isVeloxError } from '../protocol/error.js';
import { createFakeTransport } from '../testing/fake-transport.js';

const URL = 'http://h/sync';
const { transport } = createFakeTransport();

/** The message of the `bad-option` that `act` throws. */
function refused(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isVeloxError(error, 'bad-option')) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('in development', () => {
  it.each<[string, () => unknown, string]>([
    ['connect', () => connect(URL, { transprt: 'sse' } as never), '"transprt". Did you mean "transport"?'],
    ['connect, deeper', () => connect(URL, { retry: { maxAttempt: 5 } } as never), 'mean "maxAttempts"?'],
    ['createConnection', () => createConnection({ url: URL, transport: [] } as never), 'mean "transports"?'],
    ['shared', () => shared(URL, { Auth: () => '' } as never), 'Did you mean "auth"?'],
    ['a source', () => replicaOf({ url: URL, tpoic: 'a' } as never), 'Did you mean "topic"?'],
    ['a source of events', () => syncOf({ url: URL, authHeaders: 'x' } as never), 'mean "authHeader"?'],
    ['call', () => connect(URL).call('buy', 1, { timeOut: 5 } as never), 'Did you mean "timeout"?'],
  ])('an unknown option of %s is refused, with the nearest one', (_, act, message) => {
    expect(refused(act)).toContain(message);
  });

  it('a source without a URL is refused', () => {
    const message = 'velox: a source got undefined as its URL. Pass a string.';
    expect(refused(() => replicaOf({ topic: 'a' } as never))).toBe(message);
  });

  it.each<[string, () => unknown]>([
    ['NaN as timeout', () => connect(URL).call('buy', 1, { timeout: NaN })],
    ['a negative timeout', () => connect(URL).call('buy', 1, { timeout: -1 })],
    ['a string as timeout', () => connect(URL).call('buy', 1, { timeout: '5' as never })],
    ['a negative maxAttempts', () => connect(URL, { retry: { maxAttempts: -1 } })],
    ['a fraction as maxAttempts', () => connect(URL, { retry: { maxAttempts: 1.5 } })],
    ['an unknown word as retry', () => connect(URL, { retry: 'never' as never })],
    ['a token in place of auth', () => connect(URL, { auth: 'token' as never })],
    ['true as credentials', () => connect(URL, { credentials: true as never })],
    ['null as options', () => connect(URL, null as never)],
    ['a number as topic', () => replicaOf({ url: URL, topic: 7 as never })],
    ['a transport that is not in a list', () => connect(URL, { transports: transport as never })],
  ])('%s is refused', (_, act) => {
    expect(refused(act)).toMatch(/^velox: .+ got .+ as option.+ Pass .+\.$/);
  });

  it.each([{ rows: [] }, { id: 'a', version: 0, body: 1 }, { id: 'a', version: 1 }, null])(
    'an initial value without a sound position is refused: %j',
    (initial) => {
      expect(refused(() => connect(URL).replica('board', initial as never))).toContain('Pass a snapshot');
    },
  );

  it('accepts every option that is documented', () => {
    vi.stubGlobal('document', { baseURI: 'http://h/' });
    const options = {
      WebSocket: undefined,
      transport: 'auto',
      transports: [undefined, transport],
      headers: () => ({ a: 'b' }),
      auth: () => 'token',
      authHeader: 'x-token',
      credentials: 'omit',
      retry: { delay: () => 5, maxAttempts: Infinity },
      onClose: () => {},
    } as const;
    const initial = { id: 'a', version: 1, body: null };
    const close = [
      connect(URL, options),
      connect(URL, { ...options, retry: 'manual' }),
      shared('/all', { ...options, identity: 'ann', base: '/' }),
    ];
    replicaOf({ url: '/all', base: '/', identity: 'ann', topic: 'a', initial, ...options });
    syncOf({ url: '/all', ...options, topic: 'a' } as never);
    for (const each of close) each.close();
    vi.unstubAllGlobals();
  });
});

describe('a listener that is no function', () => {
  const sync = createSync(createEventConnection({ url: URL, transports: [transport] }));
  it.each<[string, () => unknown]>([
    ['nothing for on()', () => sync.on('news', undefined as never)],
    ['a text in an object for on()', () => sync.on({ news: 'x' } as never)],
    ['nothing for once()', () => sync.once('news', undefined as never)],
    ['nothing for onMessage()', () => sync.channel('files').onMessage(undefined as never)],
    ['an object for answer()', () => sync.answer('sum', {} as never)],
    ['nothing for onReconnect()', () => sync.onReconnect(undefined as never)],
    ['nothing for subscribe()', () => sync.replica('board').subscribe(undefined as never)],
    ['nothing for subscribePatches()', () => sync.replica('board').subscribePatches(undefined as never)],
  ])('is refused: %s', (_, act) => {
    expect(refused(act)).toMatch(/^velox: .+ got no function to call back\. Pass one\.$/);
  });
});
