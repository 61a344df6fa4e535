/** The process of the server: the same room as a state that the hub keeps, and as volatile events. */
import { createServer } from 'node:http';
import * as velox from '@velox/server';

const hubs = {
  presence() {
    const hub = velox.createHub({ canJoin: () => true });
    hub.presence({ of: ({ name }) => ({ id: name, nick: `member ${name}` }) });
    return hub;
  },
  events() {
    const hub = velox.createHub({ canJoin: () => true });
    hub.on('at', (session, mine) => {
      session.to('lobby').volatile.emit('at', { who: session.name, mine }, { key: session.name });
    });
    return hub;
  },
};

const ports = {};
for (const [name, create] of Object.entries(hubs)) {
  const server = createServer(create().handle).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ports[name] = server.address().port;
}
let since = process.cpuUsage();
process.on('message', () => {
  const { user, system } = process.cpuUsage(since);
  since = process.cpuUsage();
  process.send((user + system) / 1_000); // ms
});
process.send(ports);
