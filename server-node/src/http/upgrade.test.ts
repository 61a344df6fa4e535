import { expect, it } from 'vitest';
import { listen } from '../../test/rig/listen.js';
import { rawSubscribe } from '../../test/rig/raw-client.js';

// Alone in its file, and nothing of the server imported before: no endpoint may exist in this process when the server takes
// its first connection.
it('a WebSocket that came before the first endpoint is refused with 503, the next one is taken', async () => {
  let handle: import('./endpoint.js').Endpoint['handle'] | undefined;
  await using server = await listen((request, response) => {
    void import('../index.js').then((velox) => {
      handle ??= velox.handle({ late: true });
      return handle(request, response);
    });
  });
  expect(await rawSubscribe(server.origin).whenEnded()).toBe('refused 503');
  expect(await rawSubscribe(server.origin).next()).toHaveProperty('hello');
});
