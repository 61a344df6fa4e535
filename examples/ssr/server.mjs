// One server state, rendered on the server by three frameworks, and live in the browser without a second download.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import react from '@vitejs/plugin-react';
import vue from '@vitejs/plugin-vue';
import * as velox from '@velox/server';
import { createServer as createVite } from 'vite';

const FRAMEWORKS = ['react', 'vue', 'svelte'];

const hub = velox.createHub();
const rows = Array.from({ length: 12 }, (_, at) => ({ id: at + 1, text: `row ${at + 1}` }));
rows[0].text = '</script><b>harmless</b>';
const board = hub.state('board', { rows });
const users = new Map(
  ['ann', 'bob'].map((name) => [
    name,
    hub.state(`users/${name}`, { rows: [{ id: 1, text: `for ${name} alone` }] }),
  ]),
);

const server = createServer();
const vite = await createVite({
  root: fileURLToPath(new URL('.', import.meta.url)),
  configFile: false,
  logLevel: 'warn',
  appType: 'custom',
  server: { middlewareMode: true, hmr: { server } },
  plugins: [react({ include: /\.jsx$/ }), vue(), svelte({ configFile: false })],
});

/** @param {string} framework @param {string | undefined} user */
async function page(framework, user) {
  const topic = users.has(user) ? `users/${user}` : 'board';
  const state = (user && users.get(user)) || board;
  const source = { url: '/sync', topic, initial: state.snapshot() };
  const { render } = await vite.ssrLoadModule(`/${framework}/entry-server.js`);
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<title>Velox: rendered by ${framework}</title>
<h1>Rendered on the server, live from there on</h1>
<nav>${FRAMEWORKS.map((name) => `<a href="/${name}"${name === framework ? ' aria-current="page"' : ''}>${name}</a>`).join(' ')}</nav>
<div id="app">${await render(source)}</div>
<script>window.source = ${velox.inline(source)}</script>
<script type="module" src="/${framework}/entry-client.js"></script>`;
  return vite.transformIndexHtml(`/${framework}`, html);
}

server.on('request', (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/sync') return void hub.handle(request, response);
  if (url.pathname === '/') return void response.writeHead(302, { location: '/react' }).end();
  const framework = FRAMEWORKS.find((name) => url.pathname === `/${name}`);
  if (!framework) return vite.middlewares(request, response);
  page(framework, url.searchParams.get('user') ?? undefined).then(
    (html) => response.setHeader('content-type', 'text/html').end(html),
    (error) => response.writeHead(500).end(String(error?.stack ?? error)),
  );
});
server.listen(Number(process.env.PORT ?? 8090), () => {
  console.log(`http://localhost:${server.address().port}/react, /vue and /svelte`);
});

setInterval(() => board.update((draft) => void (draft.rows[1].text = new Date().toISOString())), 1_000);
