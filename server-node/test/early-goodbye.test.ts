/** What is wrong in the piece that brought the open frame: the goodbye is answered at once, and not cut after 5 s. */
import { expect, it } from 'vitest';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawSubscribe } from './rig/raw-client.js';

it.each([
  ['a bad frame', '{"nothing":true}'],
  ['a subscription too many', '{"subscribe":[{"topic":"b"},{"topic":"c"}]}'],
])(
  '%s in one piece with the open frame: the socket ends as soon as the client has answered',
  async (_, text) => {
    const hub = velox.createHub({ limits: { subscriptions: 2 } });
    hub.state('a', { n: 1 });
    await using server = await listen(hub.handle);
    const begun = performance.now();
    const link = rawSubscribe(server.origin, { topic: 'a' });
    link.send(text);
    await link.whenEnded();
    expect(performance.now() - begun).toBeLessThan(4_000);
  },
);
