import { once } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { listen } from '../../../test/rig/listen.js';

// The file that bundlers and test runners take with the condition `browser`: it has no class.
vi.mock('ws', async () => {
  const { createRequire } = await import('node:module');
  const require = createRequire(import.meta.url);
  const file = require.resolve('ws/package.json').replace('package.json', 'browser.js');
  return { default: require(file) as unknown, WebSocketServer: undefined };
});

afterEach(() => {
  vi.doUnmock('./require-ws.js');
  vi.resetModules();
});

async function serve(): Promise<{ origin: string; entries: object[]; open: () => Promise<unknown> }> {
  const { WebSocket } = await vi.importActual<typeof import('ws')>('ws');
  const velox = await import('../../index.js');
  const entries: object[] = [];
  const hub = velox.createHub({ logger: (entry) => void entries.push(entry) });
  hub.state('', { a: 1 });
  const { origin } = await listen(hub.handle);
  const open = (): Promise<unknown> => {
    const opened = once(new WebSocket(`${origin.replace('http', 'ws')}/?velox=3`), 'open');
    return opened.catch((error: unknown) => error);
  };
  return { origin, entries, open };
}

it("serves WebSockets by Node's build of ws if the process has the condition `browser`", async () => {
  const { open, entries } = await serve();
  expect(await Promise.all([open(), open()])).toEqual([[], []]);
  expect(entries).toEqual([]);
});

it("says once which setting to change if Node's build of ws is not found; event streams go on", async () => {
  vi.doMock('./require-ws.js', () => {
    throw new Error('there is no import.meta');
  });
  const { origin, open, entries } = await serve();
  expect(await open()).toMatchObject({ message: 'socket hang up' });
  expect(entries).toMatchObject([
    {
      level: 'error',
      error: {
        code: 'upgrade-unavailable',
        message: expect.stringContaining('jest-fixed-jsdom') as string,
      },
    },
  ]);
  expect(await (await fetch(origin)).json()).toMatchObject({ body: { a: 1 } });
});
