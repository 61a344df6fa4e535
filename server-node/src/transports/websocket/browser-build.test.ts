import { once } from 'node:events';
import { expect, it, vi } from 'vitest';
import { listen } from '../../../test/rig/listen.js';

// The file that bundlers and test runners take with the condition `browser`: it has no class.
vi.mock('ws', async () => {
  const { createRequire } = await import('node:module');
  const require = createRequire(import.meta.url);
  const file = require.resolve('ws/package.json').replace('package.json', 'browser.js');
  return { default: require(file) as unknown, WebSocketServer: undefined };
});

it('says once which setting to change if the browser build of ws was loaded; event streams go on', async () => {
  const real = await vi.importActual<typeof import('ws')>('ws');
  const velox = await import('../../index.js');
  const entries: object[] = [];
  const hub = velox.createHub({ logger: (entry) => void entries.push(entry) });
  hub.state('', { a: 1 });
  await using server = await listen(hub.handle);
  const socket = new real.WebSocket(`${server.origin.replace('http', 'ws')}/?velox=3`);
  expect(await once(socket, 'error')).toMatchObject([{ message: 'socket hang up' }]);
  expect(entries).toMatchObject([
    {
      level: 'error',
      error: {
        code: 'upgrade-unavailable',
        message: expect.stringContaining('customExportConditions') as string,
      },
    },
  ]);
  expect(await (await fetch(server.origin)).json()).toMatchObject({ body: { a: 1 } });
});
