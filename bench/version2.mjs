// The cost of one client of version 2 among 1,000 of version 3: CPU of the server per delivery, with and without it, round by round.
// Run after `npm run build`: node bench/version2.mjs
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHub } from '@velox/server';

const SESSIONS = 1_000;
const ROUNDS = 15;
const STEPS = 25;

/** In the child: opens event streams, and closes the one of version 2 on demand. */
function client(port) {
  const open = (query) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /sync${query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`);
    return socket.on('error', () => process.exit()).resume();
  };
  for (let count = 0; count < SESSIONS; count++) open('?velox=3');
  let old;
  process.on('message', (message) => {
    if (message === 'open') old = open('');
    else old.destroy();
  });
}

async function serve() {
  const hub = createHub({ limits: { sessionsPerIdentity: 10_000 } });
  const rows = Array.from({ length: 100 }, (_, id) => ({ id, name: `row ${id}`, price: 0 }));
  const state = hub.state('', { rows, count: 0 });
  const server = createServer((request, response) => void hub.handle(request, response)).listen(0);
  await once(server, 'listening');
  const child = fork(process.argv[1], [String(server.address().port)]);
  const until = async (count) => {
    while (hub.stats().sessions !== count) await sleep(10);
    await sleep(50);
  };
  const cost = async () => {
    const before = process.cpuUsage();
    for (let step = 0; step < STEPS; step++) {
      state.update((draft) => void (draft.rows[step % 100].price = Math.random()));
      await sleep(2);
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / STEPS / SESSIONS;
  };
  await until(SESSIONS);
  await cost();
  const ratios = [];
  const costs = [];
  for (let round = 0; round < ROUNDS; round++) {
    const without = await cost();
    child.send('open');
    await until(SESSIONS + 1);
    const beside = await cost();
    child.send('close');
    await until(SESSIONS);
    ratios.push(beside / without);
    costs.push(without);
  }
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  console.log(`CPU per delivery: ${median(costs).toFixed(2)} µs without a client of version 2`);
  console.log(
    `with one: ${median(ratios).toFixed(3)} times as much, median of ${ROUNDS} rounds; ${ratios[0].toFixed(3)} to ${ratios.at(-1).toFixed(3)}`,
  );
  child.kill();
  process.exit();
}

if (process.argv[2]) client(Number(process.argv[2]));
else await serve();
