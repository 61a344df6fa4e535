/** Clients that start from what the server cannot continue: a version that it lost, or a name that no URL can carry. */
import { connect } from '@velox/core';
import { isVeloxError } from '@velox/core/protocol';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawSubscribe } from './rig/raw-client.js';

const soon = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 10_000, interval: 5 });
const coded = (code: 'bad-option') => expect.toSatisfy((error) => isVeloxError(error, code)) as Error;
const HALF = 'prices\ud83d';

describe.each(['websocket', 'sse', 'polling'] as const)('over %s', (transport) => {
  it.each([1, 99])(
    'an initial value that is %i versions ahead is replaced, and deltas follow',
    async (ahead) => {
      const hub = velox.createHub();
      const state = hub.state('board', { n: 1, pad: 'x'.repeat(200) });
      await using server = await listen((request, response) => void hub.handle(request, response));
      hub.attach(server.server);
      const { id, version, body } = state.snapshot();
      const sync = connect(server.origin, { transport, WebSocket });
      const replica = sync.replica('board', { id, version: version + ahead, body: { ...body, n: -1 } });
      replica.subscribe(() => {});
      await soon(() => expect(replica.status.get()).toMatchObject({ state: 'open', stale: false }));
      expect(replica.get()?.n).toBe(1);
      // The version passes the one that the client began with.
      for (let n = 2; n <= 4; n++) {
        state.update((draft) => void (draft.n = n));
        await soon(() => expect(replica.get()?.n).toBe(n));
      }
      sync.close();
      await hub.close();
    },
  );
});

it.each([
  ['a version that is no number', { version: '3' }],
  ['version 0', { version: 0 }],
  ['a fraction as version', { version: 1.5 }],
  ['no version', { version: undefined }],
  ['no body', { body: undefined }],
])('an initial value with %s is refused', (_, part) => {
  const sync = connect('http://localhost/sync');
  const whole = { id: 'a', version: 3, body: { n: 1 }, ...part };
  const initial = JSON.parse(JSON.stringify(whole)) as {
    id: string;
    version: number;
    body: object;
  };
  expect(() => sync.replica('board', initial)).toThrow(coded('bad-option'));
  expect(sync.replica('board').get()).toBeUndefined();
  expect(sync.replica('board', { id: 'a', version: 1, body: null }).get()).toBeNull();
  sync.close();
});

describe('a topic name with half a surrogate pair', () => {
  it('is refused by the client and by the hub', () => {
    const sync = connect('http://localhost/sync');
    expect(() => sync.replica(HALF)).toThrow(coded('bad-option'));
    sync.close();
    const hub = velox.createHub();
    expect(() => hub.state(HALF, 1)).toThrow(coded('bad-option'));
    expect(() => hub.state('prices\u{1f600}', 1)).not.toThrow();
  });

  it('ends the link of a client that asks for it', async () => {
    const hub = velox.createHub();
    await using server = await listen((request, response) => void hub.handle(request, response));
    const link = rawSubscribe(server.origin, { topic: HALF });
    expect(await link.whenEnded()).toMatch(/bad-frame/);
    await hub.close();
  });
});
