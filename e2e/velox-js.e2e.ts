/** velox.js in a plain HTML page: no bundler, no module. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { createHub, type Hub, type State } from '@velox/server';
import { build, type Rolldown } from 'vite';
import { Player } from '../core/test/version2/player.js';
import { createScriptHandler } from '../server-node/src/script.js';
import { START, transcript } from '../core/test/wire/transcript.js';

interface Board {
  count: number;
  rows: { id: number; text: string }[];
}

let scripts: Promise<Map<string, string>> | undefined;

/** The files of the client by their paths. */
async function buildScripts(): Promise<Map<string, string>> {
  const options = {
    configFile: 'vite.config.ts',
    mode: 'iife',
    logLevel: 'error',
    build: { write: false },
  } as const;
  const [{ output }] = (await build(options)) as unknown as [Rolldown.RolldownOutput];
  return new Map(
    output.map((each) => [`/${each.fileName}`, each.type === 'chunk' ? each.code : String(each.source)]),
  );
}

const angular = readFileSync(createRequire(import.meta.url).resolve('angular/angular.min.js'), 'utf8');

const PAGE = `<!doctype html><meta charset="utf-8"><title>velox.js</title><link rel="icon" href="data:,">
<style>body { font: 16px sans-serif; margin: 2em } dt { color: #555 }</style>
<h1>velox.js</h1>
<dl><dt>connection</dt><dd id="state">not connected</dd><dt>error</dt><dd id="error"></dd><dt>count</dt><dd id="count"></dd><dt>rows</dt><dd id="rows"></dd></dl>
<script src="/velox.js"></script>
<script>
  const transport = new URLSearchParams(location.search).get('transport') || 'sse'
  const states = []
  const shows = (id, text) => {
    document.getElementById(id).textContent = text
    if (id === 'state') states.push(text)
  }
  const board = {}
  const url = new URLSearchParams(location.search).get('url') || '/sync'
  const v = transport === 'polling' ? velox(url, board, { transport }) : velox[transport](url, board)
  v.onerror = (error) => shows('error', error.code)
  v.onupdate = () => { shows('count', board.count); shows('rows', (board.rows || []).map((row) => row.text).join()) }
  v.onconnect = () => shows('state', 'connected by ' + (v.ws ? 'WebSocket' : v.sse ? 'SSE' : 'polling'))
  v.ondisconnect = (retry) => {
    let left = 3
    const tick = () => {
      if (left === 0) return retry()
      shows('state', 'retry in ' + left--)
      setTimeout(tick, 200)
    }
    tick()
  }
</script>`;

const SCOPE = `<!doctype html><meta charset="utf-8"><title>scope</title><link rel="icon" href="data:,">
<body ng-app="app" ng-controller="Board"><b id="count">{{board.count}}</b> <i id="rows" ng-repeat="row in board.rows">{{row.text}}</i>
<script src="/angular.js"></script><script src="/velox.js"></script>
<script>
  angular.module('app', []).controller('Board', ['$scope', function ($scope) {
    $scope.board = { $apply: () => $scope.$apply() }
    velox('/sync', $scope.board)
  }])
</script></body>`;

let hub: Hub;
let state: State<Board>;
let server: Server;
const sockets = new Set<{ destroy(): void }>();

async function listen(listener: RequestListener): Promise<Server> {
  const listening = createServer(listener).listen(0, '127.0.0.1');
  listening.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await once(listening, 'listening');
  return listening;
}
const originOf = (of: Server): string => `http://127.0.0.1:${(of.address() as AddressInfo).port}`;
const cut = (): void => sockets.forEach((socket) => socket.destroy());

test.beforeEach(async () => {
  const files = new Map([
    ...(await (scripts ??= buildScripts())),
    ['/angular.js', angular],
    ['/', PAGE],
    ['/scope', SCOPE],
  ]);
  hub = createHub();
  state = hub.state('', { count: 1, rows: [{ id: 1, text: 'one' }] });
  server = await listen((request, response) => {
    const { pathname: path, searchParams } = new URL(request.url ?? '', 'http://h');
    if (path === '/sync') return void hub.handle(request, response);
    response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/html');
    const text = files.get(path) ?? '';
    response.end(path === '/' ? text.replace('/velox.js', searchParams.get('script') ?? '/velox.js') : text);
  });
});
test.afterEach(async () => {
  await hub.close();
  server.close();
  cut();
});

/** The errors of a page. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
}

for (const [transport, name] of [
  ['sse', 'SSE'],
  ['ws', 'WebSocket'],
] as const) {
  test(`${name}: an object is live, and a countdown precedes each attempt`, async ({ page }) => {
    const complaints = complaintsOf(page);
    await page.goto(`${originOf(server)}/?transport=${transport}`);
    await expect(page.locator('#state')).toHaveText(`connected by ${name}`);
    await expect(page.locator('#count')).toHaveText('1');
    state.update((draft) => {
      draft.count = 2;
      draft.rows.push({ id: 2, text: 'two' });
    });
    await expect(page.locator('#rows')).toHaveText('one,two');
    await page.screenshot({ path: `node_modules/.cache/playwright/velox-js-${transport}.png` });
    cut();
    state.update((draft) => void (draft.count = 3));
    const connected = `connected by ${name}`;
    await expect
      .poll(() => page.evaluate(() => eval('states') as string[]))
      .toEqual([connected, 'retry in 3', 'retry in 2', 'retry in 1', connected]);
    await expect(page.locator('#count')).toHaveText('3');
    expect(complaints).toEqual([]);
  });
}

test('AngularJS: $apply of an object in a scope digests each change', async ({ page }) => {
  const complaints = complaintsOf(page);
  await page.goto(`${originOf(server)}/scope`);
  await expect(page.locator('#count')).toHaveText('1');
  state.update((draft) => {
    draft.count = 2;
    draft.rows.push({ id: 2, text: 'two' });
  });
  await expect(page.locator('#count')).toHaveText('2');
  await expect(page.locator('#rows')).toHaveText(['one', 'two']);
  await page.screenshot({ path: 'node_modules/.cache/playwright/velox-js-angularjs.png' });
  expect(complaints).toEqual([]);
});

/** The paths under which a page has asked for the second file. */
function secondFilesOf(page: Page): string[] {
  const paths: string[] = [];
  page.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    if (/more/.test(pathname + search)) paths.push(pathname);
  });
  return paths;
}

test('polling comes with the second file, which is fetched once', async ({ page }) => {
  const complaints = complaintsOf(page);
  const paths = secondFilesOf(page);
  await page.goto(`${originOf(server)}/?transport=polling`);
  await expect(page.locator('#state')).toHaveText('connected by polling');
  state.update((draft) => void draft.rows.push({ id: 2, text: 'two' }));
  await expect(page.locator('#rows')).toHaveText('one,two');
  cut();
  state.update((draft) => void (draft.count = 3));
  await expect(page.locator('#count')).toHaveText('3');
  expect(paths).toEqual(['/velox-more.js']);
  expect(complaints).toEqual([]);
});

test('without the second file, an error says so, and the object follows all the same', async ({ page }) => {
  await page.route('**/velox-more.js*', (route) => route.abort());
  await page.goto(`${originOf(server)}/?transport=ws`);
  await expect(page.locator('#error')).toHaveText('not-loaded');
  for (let count = 2; count < 5; count++) {
    state.update((draft) => void (draft.count = count));
    await expect(page.locator('#count')).toHaveText(`${count}`);
  }
});

test('velox.JS serves both files by one route of any name, also to pages of other origins', async ({
  page,
}) => {
  const folder = await mkdtemp(join(tmpdir(), 'velox-js-'));
  for (const [path, text] of (await scripts) ?? []) await writeFile(join(folder, path), text);
  const handler = createScriptHandler(() => join(folder, 'velox.js'));
  const host = await listen((request, response) => void handler(request, response));
  const paths = secondFilesOf(page);
  const url = encodeURIComponent(`${originOf(host)}/js/client.js`);
  await page.goto(`${originOf(server)}/?transport=sse&script=${url}`);
  await expect(page.locator('#state')).toHaveText('connected by SSE');
  await expect(page.locator('#count')).toHaveText('1');
  expect(paths).toEqual(['/js/client.js']);
  host.close();
  await rm(folder, { recursive: true });
});

test('two instances do not disturb each other', async ({ page }) => {
  await page.goto(`${originOf(server)}/`);
  await expect(page.locator('#count')).toHaveText('1');
  const other = page.evaluate(
    () =>
      new Promise<number[]>((resolve) => {
        const { velox } = window as unknown as { velox: typeof import('@velox/core/classic').default };
        const counts: number[] = [];
        const live = velox.ws<{ count?: number }>('/sync', {});
        live.onupdate = ({ count = 0 }) => {
          counts.push(count);
          if (count === 1) live.disconnect();
          resolve(counts);
        };
      }),
  );
  expect(await other).toEqual([1]);
  state.update((draft) => void (draft.count = 2));
  await expect(page.locator('#count')).toHaveText('2');
  await expect(page.locator('#state')).toHaveText('connected by SSE');
});

for (const name of ['go-sse-struct', 'go-ws-struct', 'js-sse']) {
  test(`an original server, played from ${name}`, async ({ page }) => {
    await using player = await Player.listen();
    const paths = secondFilesOf(page);
    const origin = originOf(server);
    const url = encodeURIComponent(player.url);
    await page.goto(`${origin}/?transport=${name.includes('ws') ? 'ws' : 'sse'}&url=${url}`);
    const connection = await player.accept();
    // The originals let pages of other origins in by a proxy; here the head says so.
    const cors = `Access-Control-Allow-Origin: ${origin}\r\nAccess-Control-Allow-Credentials: true\r\n\r\n`;
    const lines = transcript(name).filter(({ conn, dir }) => conn === 'A' && dir === 'server->client');
    const count = page.locator('#count');
    for (const line of lines.slice(0, 10)) {
      const raw = line.kind === 'head' ? line.raw.replace(/\r\n$/, cors) : line.raw;
      connection.play({ ...line, raw });
    }
    await expect(count).toHaveText('2');
    const shown = await page.evaluate(() => (window as unknown as { board?: object }).board ?? eval('board'));
    expect(shown).toMatchObject({ title: START.title, count: 2 });
    expect(paths).toEqual(['/velox-more.js']);
    await expect(page.locator('#state')).toHaveText(
      `connected by ${name.includes('ws') ? 'WebSocket' : 'SSE'}`,
    );
  });
}
