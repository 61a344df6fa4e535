/** Vite's development server stands between the page and the server, as in an application that is being written. */
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import * as velox from '@velox/server';
import { createServer as createVite } from 'vite';

const ROOT = resolve(import.meta.dirname, '..');
const MAIN = `
import { connect } from '@velox/core';
const replica = connect('/sync', { transport: TRANSPORT }).replica();
replica.subscribe(() => (document.body.textContent = replica.get().text));
`;

/** A server with a state, which can end as a crash does: all connections break, and nothing is said. */
interface Running {
  readonly port: number;
  readonly kill: () => Promise<void>;
}

/** @param port 0: a free one */
async function serve(text: string, port: number): Promise<Running> {
  const state = velox.state({ text });
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => void state.handle(request, response));
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async kill() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

for (const transport of ['websocket', 'sse', 'polling']) {
  test(`behind Vite's proxy, a page notices within 6 s that its server restarted, over ${transport}`, async ({
    page,
  }) => {
    const folder = await mkdtemp(join(tmpdir(), 'velox-proxy-'));
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(
      join(folder, 'index.html'),
      '<!doctype html><link rel="icon" href="data:,"><body></body><script type="module" src="./main.js"></script>',
    );
    await writeFile(join(folder, 'main.js'), MAIN.replace('TRANSPORT', JSON.stringify(transport)));
    let server = await serve('first', 0);
    process.env.NODE_ENV = 'development'; // a build before, in the same process, has set it to another
    const vite = await createVite({
      root: folder,
      cacheDir: join(folder, 'cache'),
      configFile: false,
      logLevel: 'silent', // the proxy complains while the server is away
      server: {
        host: '127.0.0.1',
        port: 0,
        fs: { allow: [folder, ROOT] },
        proxy: { '/sync': { target: `http://127.0.0.1:${server.port}`, ws: true } },
      },
    });
    try {
      await vite.listen();
      await page.goto(`http://127.0.0.1:${(vite.httpServer!.address() as AddressInfo).port}/`);
      await expect(page.locator('body')).toHaveText('first', { timeout: 20_000 });
      await page.waitForTimeout(500);
      await server.kill();
      await page.waitForTimeout(1_000);
      server = await serve('second', server.port);
      await expect(page.locator('body')).toHaveText('second', { timeout: 6_000 });
    } finally {
      await vite.close();
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    }
  });
}
