/** Plain event streams in a browser: its own EventSource, without a line of Velox. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test, type Page } from '@playwright/test';
import { createHub, type Hub, type SseEndpoint } from '@velox/server';

const PAGE = '<!doctype html><meta charset="utf-8"><title>events</title><link rel="icon" href="data:,">';

declare global {
  interface Window {
    source: EventSource;
    heard: [name: string, data: string][];
    opened: number;
  }
}

let hub: Hub;
let events: SseEndpoint<Parameters<Hub['only']>[0]>;
let server: Server;
let sockets: Set<Socket>;
let connects: string[];
let positions: (string | undefined)[];

test.beforeEach(async () => {
  connects = [];
  positions = [];
  sockets = new Set();
  hub = createHub({
    onConnect: () => connects.push('connect'),
    onReconnect: () => connects.push('reconnect'),
  });
  events = hub.sse({ retry: 50, text: true });
  server = createServer((request, response) => {
    if (request.url === '/events') {
      positions.push(request.headers['last-event-id'] as string | undefined);
      return void events.handle(request, response);
    }
    response.setHeader('content-type', 'text/html');
    response.end(PAGE);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

test.afterEach(async () => {
  await hub.close();
  server.close();
  cut();
});

const cut = (): void => sockets.forEach((socket) => socket.destroy());

async function open(page: Page): Promise<void> {
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/page`);
  await page.evaluate(() => {
    window.heard = [];
    window.opened = 0;
    const source = (window.source = new EventSource('/events'));
    source.onopen = () => window.opened++;
    for (const name of ['note', 'message', 'other', '$dropped']) {
      source.addEventListener(name, ({ data }: MessageEvent<string>) => window.heard.push([name, data]));
    }
  });
  await expect.poll(() => page.evaluate(() => window.opened)).toBe(1);
}

const heardBy = (page: Page): Promise<Window['heard']> => page.evaluate(() => window.heard);

test('an EventSource hears named events and several lines, and no data adds a field', async ({ page }) => {
  await open(page);
  hub.emit('note', 'one\r\ntwo\rthree\n\ndata: four\nevent: other\nid: x\0\nretry: 1');
  hub.emit('message', { n: 1 });
  hub.emit('note', 'last');
  await expect.poll(() => heardBy(page)).toHaveLength(3);
  expect(await heardBy(page)).toEqual([
    ['note', 'one\ntwo\nthree\n\ndata: four\nevent: other\nid: x\0\nretry: 1'],
    ['message', '{"n":1}'],
    ['note', 'last'],
  ]);
});

test('an EventSource resumes its session after each cut, by the block that follows a write', async ({
  page,
}) => {
  await open(page);
  for (let n = 1; n <= 3; n++) {
    hub.emit('note', `${n}`);
    await expect.poll(async () => (await heardBy(page)).length).toBe(n);
    // The block arrives with the event, but is a later event of the page.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
    cut();
    await expect.poll(() => connects.filter((each) => each === 'reconnect').length).toBe(n);
    await expect.poll(() => page.evaluate(() => window.opened)).toBe(n + 1);
  }
  expect((await heardBy(page)).map(([, data]) => data)).toEqual(['1', '2', '3']);
  expect(connects.filter((each) => each === 'connect')).toHaveLength(1);
  const [first, ...others] = positions;
  expect(first).toBeUndefined();
  const [session] = (others[0] ?? '').split(':');
  expect(others).toEqual([1, 2, 3].map((number) => `${session}:${number}`));
  expect(hub.stats().sessions).toBe(1);
});

test('an EventSource gives up after its session was closed', async ({ page }) => {
  await open(page);
  hub.sessions()[0]?.close();
  await expect.poll(() => page.evaluate(() => window.source.readyState)).toBe(2);
  expect(positions).toEqual([undefined, 'closed']);
  expect(events.size).toBe(0);
});

test('an EventSource comes back after a restart, and learns that events may be missing', async ({ page }) => {
  await open(page);
  const closing = hub.close();
  hub = createHub();
  events = hub.sse({ retry: 50 });
  await closing;
  await expect.poll(() => heardBy(page)).toEqual([['$dropped', 'null']]);
  hub.emit('note', 1);
  await expect.poll(async () => (await heardBy(page)).at(-1)).toEqual(['note', '1']);
});
