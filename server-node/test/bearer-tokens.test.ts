/** A token reaches `authorize` in the same form over every transport. */
import { connect } from '@velox/core';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';

const TOKENS = ['abc.def-_~+/==', 'two words', 'a  b', '"quoted, list"'];

it.each(
  (['websocket', 'sse', 'polling'] as const).flatMap((transport) =>
    TOKENS.map((token) => [transport, token] as const),
  ),
)('over %s, %j is the result of the client', async (transport, token) => {
  const tokens = new Set<string | undefined>();
  const hub = velox.createHub({
    authorize(credentials) {
      tokens.add(credentials.token);
      return {};
    },
  });
  hub.state('', 1);
  await using server = await listen(hub.handle);
  const sync = connect(server.origin, { transport, auth: () => token, WebSocket });
  onTestFinished(() => sync.close());
  const replica = sync.replica<number>();
  replica.subscribe(() => undefined);
  await vi.waitFor(() => expect(replica.get()).toBe(1));
  expect([...tokens]).toEqual([token]);
});
