import { IncomingMessage, ServerResponse } from 'node:http';
import * as v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';

const SOCKETS = 20;

v8.setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** `queryObjects` is new in Node 20.13, and not in its types. */
const engine = v8 as unknown as { queryObjects(of: object, options: { format: 'count' }): number };
const count = (of: object): number => engine.queryObjects(of, { format: 'count' });
const requests = (): number => count(IncomingMessage) + count(ServerResponse);

/** Opens a WebSocket and resolves with its first message, `hello`. */
function open(origin: string): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/?velox=3`, { perMessageDeflate: false });
  socket.on('open', () => socket.send('{"open":{}}'));
  return new Promise((resolve, reject) => {
    socket.once('message', () => resolve(socket));
    socket.once('error', reject);
  });
}

it.each([
  ['keeps neither request nor response of an open WebSocket', {}, 0],
  ['keeps the requests of open WebSockets for onReconnect', { onReconnect: () => undefined }, SOCKETS],
])('%s', async (_, options, kept) => {
  const hub: velox.Hub = velox.createHub(options);
  await using server = await listen(hub.handle);
  const before = requests();
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => open(server.origin)));
  await new Promise((resolve) => setTimeout(resolve, 50)); // the ends of the handshakes
  collect();
  const growth = requests() - before;
  expect(growth).toBeGreaterThanOrEqual(kept);
  expect(growth).toBeLessThan(kept + SOCKETS / 2); // the engine may still hold the last one
  for (const socket of sockets) socket.terminate();
  await hub.close();
});
