import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { isOnLoopback } from './is-on-loopback.js';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function listen(server: Server, host: string): Promise<void> {
  server.listen(0, host);
  await once(server, 'listening');
}

function create(): Server {
  const server = createServer();
  servers.push(server);
  return server;
}

it.each([
  ['127.0.0.1', true],
  ['127.0.0.9', true],
  ['0.0.0.0', false],
])('a server that listens on %s is on a loopback address: %s', async (host, isOn) => {
  const server = create();
  await listen(server, host);
  expect(isOnLoopback(server)).toBe(isOn);
});

it('a server that listens again is asked for its address again', async () => {
  const server = create();
  await listen(server, '127.0.0.1');
  expect(isOnLoopback(server)).toBe(true);
  server.close();
  await listen(server, '0.0.0.0');
  expect(isOnLoopback(server)).toBe(false);
});

it('a server that does not listen, or no server, is on no loopback address', () => {
  expect([create(), undefined, {}].map(isOnLoopback)).toEqual([false, false, false]);
});
