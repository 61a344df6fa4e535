/** velox.js in a plain HTML page: no bundler, no module. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { expect, test, type Page } from '@playwright/test';
import { createHub, type Hub, type State } from '@velox/server';
import { build, type Rolldown } from 'vite';
import { Player } from '../core/test/version2/player.js';
import { START, transcript } from '../core/test/wire/transcript.js';

interface Board {
  count: number;
  rows: { id: number; text: string }[];
}

let script: Promise<string> | undefined;

async function buildScript(): Promise<string> {
  const options = {
    configFile: 'vite.config.ts',
    mode: 'iife',
    logLevel: 'error',
    build: { write: false },
  } as const;
  const [{ output }] = (await build(options)) as unknown as [Rolldown.RolldownOutput];
  return output[0].code;
}

const angular = readFileSync(createRequire(import.meta.url).resolve('angular/angular.min.js'), 'utf8');

const PAGE = `<!doctype html><meta charset="utf-8"><title>velox.js</title><link rel="icon" href="data:,">
<style>body { font: 16px sans-serif; margin: 2em } dt { color: #555 }</style>
<h1>velox.js</h1>
<dl><dt>connection</dt><dd id="state">not connected</dd><dt>count</dt><dd id="count"></dd><dt>rows</dt><dd id="rows"></dd></dl>
<script src="/velox.js"></script>
<script>
  const transport = new URLSearchParams(location.search).get('transport') || 'sse'
  const states = []
  const shows = (id, text) => {
    document.getElementById(id).textContent = text
    if (id === 'state') states.push(text)
  }
  const board = {}
  const v = velox[transport](new URLSearchParams(location.search).get('url') || '/sync', board)
  v.onupdate = () => { shows('count', board.count); shows('rows', (board.rows || []).map((row) => row.text).join()) }
  v.onconnect = () => shows('state', v.ws ? 'connected by WebSocket' : 'connected by SSE')
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
    ['/velox.js', await (script ??= buildScript())],
    ['/angular.js', angular],
    ['/', PAGE],
    ['/scope', SCOPE],
  ]);
  hub = createHub();
  state = hub.state('', { count: 1, rows: [{ id: 1, text: 'one' }] });
  server = await listen((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    if (path === '/sync') return void hub.handle(request, response);
    response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/html');
    response.end(files.get(path) ?? '');
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
    await expect(page.locator('#state')).toHaveText(
      `connected by ${name.includes('ws') ? 'WebSocket' : 'SSE'}`,
    );
  });
}
