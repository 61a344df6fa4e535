/** What rows whose fetches fail cost the other topics of a hub: the delivery times of a state, with such rows and without, in turn. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import * as velox from '@velox/server';
import { WebSocket } from 'ws';
import { aside, atMost, median, ms, times } from './harness.mjs';

const CLIENTS = 20;
const ROWS = 300;
const ROUNDS = 15;
/** The changes of the state in one slice. */
const CHANGES = 100;
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

/** The delivery time of the slowest hundredth and the CPU time, in ms, while the state changes; `disturb` runs before each change. */
async function slice(clock, delivered, disturb) {
  delivered.length = 0;
  const begun = process.cpuUsage();
  for (let count = 0; count < CHANGES; count++) {
    disturb();
    clock.update((draft) => void (draft.at = performance.now()));
    await delay(PERIOD);
  }
  while (delivered.length < CLIENTS * CHANGES) await delay(PERIOD);
  const { user, system } = process.cpuUsage(begun);
  const sorted = delivered.sort((one, other) => one - other);
  return { p99: sorted[Math.floor(sorted.length * 0.99)], cpu: (user + system) / 1_000 };
}

/** Once the rows are there, every third fetch throws, hangs, or brings what JSON cannot hold. */
const FAILURES = [
  () => Promise.reject(new Error('no database')),
  () => new Promise(() => undefined),
  () => ({ n: 1n }),
];

export const title = 'entities: rows whose fetches fail, beside other topics';
export async function run() {
  const hub = velox.createHub({ logger: () => undefined });
  const clock = hub.state('clock', { at: 0 });
  let isBroken = false;
  let fetches = 0;
  const fetch = (id) => (isBroken ? FAILURES[fetches++ % FAILURES.length]() : { id, n: 1 });
  const items = hub.entity('items', { fetch, timeout: 100 });
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
  /** Lets the fetches of all rows fail, or succeed again. */
  const breakRows = async (broken) => {
    isBroken = broken;
    items.notify(ids);
    while (items.stats().failed !== (broken ? ROWS : 0)) await delay(10);
  };
  const calm = [];
  const disturbed = [];
  let next = 0;
  const notify = () => items.notify(ids[next++ % ROWS]);
  for (let round = 0; round < ROUNDS; round++) {
    const turns = [
      async () => {
        await breakRows(false);
        calm.push(await slice(clock, delivered, () => undefined));
      },
      async () => {
        await breakRows(true);
        disturbed.push(await slice(clock, delivered, notify));
      },
    ];
    for (const turn of round % 2 ? turns.reverse() : turns) await turn();
  }
  for (const socket of sockets) socket.terminate();
  await hub.close();
  server.closeAllConnections();
  server.close();
  const compare = (member, count) => {
    const [with_, without] = [disturbed, calm].map((slices) => slices.map((each) => each[member]));
    const ratio = median(with_.map((time, at) => time / without[at]));
    return [ratio, `${ms(median(with_))}; ${ms(median(without))} without${count}`];
  };
  const [p99, times99] = compare('p99', `; ${fetches} fetches`);
  const [cpu, timesCpu] = compare('cpu', '');
  return [
    atMost('p99 of another topic while fetches fail, hang and are no JSON', p99, 1.1, times, times99),
    aside('CPU of the process meanwhile', times(cpu), timesCpu),
  ];
}
