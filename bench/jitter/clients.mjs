/** All clients of one contender: they record each message and its delay since publication. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@velox/core';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

/** Connections that are opened at a time. */
const AT_ONCE = 50;

const latencies = [];
let repeated = 0;
/** By which way each client is connected now. */
let ways = () => [];

const contenders = {
  velox(port) {
    const sync = connect(`http://127.0.0.1:${port}/sync`, { WebSocket });
    const replica = sync.replica();
    const take = taker();
    let taken = 0;
    replica.subscribe(() => {
      const { messages } = replica.get();
      for (; taken < messages.length; taken++) take(messages[taken]);
    });
    return { isOpen: () => sync.status.get().state === 'open', way: () => sync.status.get().transport };
  },
  'socket.io': (port) => {
    const socket = io(`http://127.0.0.1:${port}`, { forceNew: true });
    socket.on('message', taker());
    return { isOpen: () => socket.connected, way: () => socket.io.engine?.transport?.name };
  },
};
contenders['socket.io with recovery'] = contenders['socket.io'];

/** Counts each message of a client once. */
function taker() {
  const seen = new Set();
  return ({ id, at }) => {
    if (seen.has(id)) repeated++;
    else latencies.push(Date.now() - at);
    seen.add(id);
  };
}

const commands = {
  /** Opens so many clients; resolves when all are connected. */
  async open({ name, port, count }) {
    const clients = [];
    while (clients.length < count) {
      for (let more = Math.min(AT_ONCE, count - clients.length); more > 0; more--) {
        clients.push(contenders[name](port));
      }
      while (!clients.every(({ isOpen }) => isOpen())) await sleep(10);
    }
    ways = () => clients.map(({ isOpen, way }) => (isOpen() ? way() : 'none'));
    await sleep(1_000);
  },
  /** Resolves when everybody has everything, or the time is over. */
  async result({ published, within }) {
    const end = Date.now() + within;
    while (latencies.length < published * ways().length && Date.now() < end) await sleep(50);
    const counts = {};
    for (const way of ways()) counts[way] = (counts[way] ?? 0) + 1;
    const told = Object.entries(counts).map(([way, count]) => `${count} by ${way}`);
    return { latencies, repeated, ways: told.join(', ') };
  },
};

process.on('message', async ({ command, ...what }) => process.send((await commands[command](what)) ?? null));
process.on('disconnect', () => process.exit());
