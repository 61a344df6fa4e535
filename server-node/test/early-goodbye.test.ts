/** Errors in the chunk that brings the open frame: the server says goodbye and ends the socket with the client's answer. */
import { afterEach, beforeEach, it, vi } from 'vitest';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawSubscribe } from './rig/raw-client.js';

// Without timers the server never cuts a silent socket, so the socket ends only by the goodbye.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout'] }));
afterEach(() => void vi.useRealTimers());

it.each([
  ['a bad frame', '{"nothing":true}'],
  ['a subscription too many', '{"subscribe":[{"topic":"b"},{"topic":"c"}]}'],
])(
  'ends the socket when the client answers the goodbye for %s that came with the open frame',
  async (_, text) => {
    const hub = velox.createHub({ limits: { subscriptions: 2 } });
    hub.state('a', { n: 1 });
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'a' });
    link.send(text);
    await link.whenEnded();
  },
);
