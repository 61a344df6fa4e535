/** What rows whose fetches fail cost the other topics of a hub: the delivery times of a state, with such rows and without, in turn. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import * as velox from '@velox/server';
import { WebSocket } from 'ws';
import { atMost, median, ms, times } from './harness.mjs';

const CLIENTS = 20;
const ROWS = 300;
const ROUNDS = 15;
/** The time of one slice, in ms. */
const SLICE = 1_000;
/** The state changes so often, in ms. */
const PERIOD = 10;

/** A client of the state; `onChange` receives the time of each change. */
async function follow(url, topics, onChange) {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.on('message', (data) => {
    const frame = JSON.parse(data);
    // The value is shorter than a delta, so each change is a snapshot.
    if (frame.topic === 'clock' && frame.body?.at > 0) onChange(frame.body.at);
  });
  socket.send(JSON.stringify({ open: {} }));
  socket.send(JSON.stringify({ subscribe: topics.map((topic) => ({ topic })) }));
  return socket;
}

/** The delivery time of the slowest hundredth, in ms, while the state changes for some time; `disturb` runs before each change. */
async function slowest(clock, delivered, disturb) {
  delivered.length = 0;
  for (const end = performance.now() + SLICE; performance.now() < end; await delay(PERIOD)) {
    disturb();
    clock.update((draft) => void (draft.at = performance.now()));
  }
  await delay(100);
  assert.ok(delivered.length > CLIENTS * 10);
  return delivered.sort((one, other) => one - other)[Math.floor(delivered.length * 0.99)];
}

/** Every third fetch throws, hangs, or brings what JSON cannot hold. */
const FETCHES = [
  () => Promise.reject(new Error('no database')),
  () => new Promise(() => undefined),
  () => ({ n: 1n }),
];

export const title = 'entities: rows whose fetches fail, beside other topics';
export async function run() {
  const hub = velox.createHub({ logger: () => undefined });
  const clock = hub.state('clock', { at: 0 });
  let fetches = 0;
  const items = hub.entity('items', { fetch: () => FETCHES[fetches++ % 3](), timeout: 100 });
  const server = createServer(hub.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  hub.attach(server);
  const url = `ws://127.0.0.1:${server.address().port}/?velox=3`;
  const delivered = [];
  const ids = Array.from({ length: ROWS }, (_, id) => String(id));
  const sockets = [];
  for (let at = 0; at < CLIENTS; at++)
    sockets.push(await follow(url, ['clock'], (sent) => delivered.push(performance.now() - sent)));
  sockets.push(
    await follow(
      url,
      ids.map((id) => `items/${id}`),
      () => undefined,
    ),
  );
  await delay(1_000);
  const calm = [];
  const disturbed = [];
  let next = 0;
  const notify = () => items.notify(ids[next++ % ROWS]);
  for (let round = 0; round < ROUNDS; round++) {
    const turns = [
      async () => calm.push(await slowest(clock, delivered, () => undefined)),
      async () => disturbed.push(await slowest(clock, delivered, notify)),
    ];
    for (const turn of round % 2 ? turns.reverse() : turns) await turn();
  }
  for (const socket of sockets) socket.terminate();
  await hub.close();
  server.closeAllConnections();
  server.close();
  const ratio = median(disturbed.map((time, at) => time / calm[at]));
  const beside = `${ms(median(disturbed))}; ${ms(median(calm))} without; ${fetches} fetches`;
  return [atMost('p99 of another topic while fetches fail, hang and are no JSON', ratio, 1.1, times, beside)];
}
