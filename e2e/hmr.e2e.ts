/** Hot reload: a component that is edited while it is live keeps its connection, and goes on. */
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import * as velox from '@velox/server';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import react from '@vitejs/plugin-react';
import vue from '@vitejs/plugin-vue';
import { createServer as createVite } from 'vite';

/** A component that shows `WORD` and the live count, and what mounts it. */
const frameworks = {
  react: {
    file: 'app.jsx',
    code: `import { useState } from 'react';
import { useVelox } from '@velox/react';
export function App() {
  const [clicks, setClicks] = useState(0);
  const count = useVelox('/sync', (value) => value?.count);
  return <button onClick={() => setClicks(clicks + 1)}>WORD {count} {clicks}</button>;
}`,
    main: `import { createElement, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.jsx';
createRoot(document.getElementById('app')).render(createElement(StrictMode, null, createElement(App)));`,
    keepsState: true,
  },
  vue: {
    file: 'app.vue',
    code: `<script setup>
import { ref } from 'vue';
import { useVelox } from '@velox/vue';
const clicks = ref(0);
const count = useVelox('/sync', (value) => value?.count);
</script>
<template><button @click="clicks++">WORD {{ count }} {{ clicks }}</button></template>`,
    main: `import { createApp } from 'vue';
import App from './app.vue';
createApp(App).mount('#app');`,
    keepsState: true,
  },
  svelte: {
    file: 'app.svelte',
    code: `<script>
  import { velox } from '@velox/svelte';
  let clicks = $state(0);
  const count = velox('/sync', (value) => value?.count);
</script>
<button onclick={() => clicks++}>WORD {count.current} {clicks}</button>`,
    main: `import { mount } from 'svelte';
import App from './app.svelte';
mount(App, { target: document.getElementById('app') });`,
    keepsState: false, // Svelte's own: the component is made anew
  },
};

for (const [name, { file, code, main, keepsState }] of Object.entries(frameworks)) {
  test(`${name}: an edited component keeps its connection`, async ({ page }) => {
    const folder = await mkdtemp(join(tmpdir(), 'velox-hmr-'));
    const root = resolve(import.meta.dirname, '..');
    const write = (word: string): Promise<void> => writeFile(join(folder, file), code.replace('WORD', word));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(
      join(folder, 'index.html'),
      '<!doctype html><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="./main.js"></script>',
    );
    await writeFile(join(folder, 'main.js'), main);
    await write('first');

    const state = velox.state({ count: 1 });
    const server = createServer();
    process.env.NODE_ENV = 'development'; // a build before, in the same process, has set it to another
    const vite = await createVite({
      root: folder,
      cacheDir: join(folder, 'cache'),
      configFile: false,
      logLevel: 'error',
      server: { middlewareMode: true, hmr: { server }, fs: { allow: [folder, root] } },
      plugins: [react({ include: /\.jsx$/ }), vue(), svelte({ configFile: false })],
    });
    server.on('request', (request, response) => {
      if (request.url?.startsWith('/sync')) void state.handle(request, response);
      else vite.middlewares(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    let connections = 0;
    let loads = 0;
    page.on('websocket', (socket) => void (connections += Number(socket.url().includes('/sync'))));
    page.on('load', () => loads++);
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const button = page.locator('button');
      await expect(button).toHaveText('first 1 0', { timeout: 20_000 });
      await button.click();
      for (const [edit, word] of ['second', 'third', 'fourth'].entries()) {
        // A watcher may miss one of two writes that follow each other closely: an editor's next save is as good.
        await expect(async () => {
          await write(word);
          await expect(button).toHaveText(`${word} ${edit + 1} ${keepsState ? 1 : 0}`, { timeout: 2_000 });
        }).toPass({ timeout: 10_000 });
        state.update((draft) => void draft.count++);
        await expect(button).toHaveText(`${word} ${edit + 2} ${keepsState ? 1 : 0}`);
      }
      expect({ connections, loads }).toEqual({ connections: 1, loads: 1 });
    } finally {
      await vite.close();
      await state.close();
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
}
