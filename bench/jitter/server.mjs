/** The server of one contender, behind a door that is shut now and then. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createDoor } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as velox from '@velox/server';
import { Server } from 'socket.io';

const http = createServer();
const sockets = new Set();
// Only connections come and go: the server behind does not know that it is out of reach.
const door = createDoor((socket) => {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  http.emit('connection', socket);
});
let port = 0;
let publish;

const contenders = {
  velox() {
    const hub = velox.createHub();
    const state = hub.state('', { messages: [] });
    hub.attach(http);
    return (message) => state.update((draft) => void draft.messages.push(message));
  },
  'socket.io': () => broadcast(new Server(http)),
  'socket.io with recovery': () =>
    broadcast(new Server(http, { connectionStateRecovery: { maxDisconnectionDuration: 120_000 } })),
};
const broadcast = (io) => (message) => io.emit('message', message);

const commands = {
  async start({ name }) {
    publish = contenders[name]();
    await open();
    return port;
  },
  /** Publishes as long as it is told to; resolves with how many it were. The last seconds have no outage. */
  async publish({ seconds, every, period, outage }) {
    const began = Date.now();
    let count = 0;
    const timer = setInterval(() => publish({ id: count++, at: Date.now() }), every);
    while (Date.now() - began + period <= seconds * 1_000) {
      await sleep(period - outage);
      await shut();
      await sleep(outage);
      await open();
    }
    await sleep(Math.max(0, began + seconds * 1_000 - Date.now()));
    clearInterval(timer);
    return count;
  },
};

async function open() {
  door.listen(port, '127.0.0.1', 4_096);
  await once(door, 'listening');
  ({ port } = door.address());
}

async function shut() {
  const closed = once(door, 'close');
  door.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}

process.on('message', async ({ command, ...what }) => process.send((await commands[command](what)) ?? null));
process.on('disconnect', () => process.exit());
