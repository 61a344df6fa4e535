/* global Bun, Deno */
// Runs inside the runtime under test: `host.mjs <server> <idle ms>`. Serves the app, and holds clients of this runtime to the contract.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createApp } from './app.mjs';
import { keepsContract } from './contract.mjs';
import { createNetwork } from './network.mjs';

/** How this runtime serves: the transports that it carries, and the address. */
const SERVERS = {
  async http() {
    const listener = (apps) => (request, response) => appOf(apps, request.url).hub.handle(request, response);
    return node(listener, () => {});
  },
  /** Bun has no upgrades in request listeners, so each hub is attached to the server. */
  async attach() {
    let server;
    const host = await node(
      () => (_, response) => void response.writeHead(404).end(),
      (created) => (server = created),
    );
    return { ...host, onHub: (hub, at) => hub.attach(server, `/${at}`) };
  },
  /** The application's own listener hands upgrades over. */
  async upgrade() {
    const listener = (apps) => (request, response) => appOf(apps, request.url).hub.handle(request, response);
    return node(listener, (server, apps) =>
      server.on('upgrade', (request, socket, head) =>
        appOf(apps, request.url).hub.upgrade(request, socket, head),
      ),
    );
  },
  async bun(apps = []) {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) => appOf(apps, new URL(request.url).pathname).hub.fetch(request),
    });
    return { apps, transports: ['sse', 'polling'], origin: `http://127.0.0.1:${server.port}` };
  },
  async deno(apps = []) {
    const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, (request) =>
      appOf(apps, new URL(request.url).pathname).hub.fetch(request),
    );
    return { apps, transports: ['sse', 'polling'], origin: `http://127.0.0.1:${server.addr.port}` };
  },
};

async function node(listener, prepare, apps = []) {
  const server = createServer(listener(apps));
  prepare(server, apps);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    apps,
    transports: ['websocket', 'sse', 'polling'],
    origin: `http://127.0.0.1:${server.address().port}`,
  };
}

/** Each transport has an app of its own, by the first character of the path. */
function appOf(apps, path) {
  return apps[Number(path[1])];
}

const [, , name, idle] = process.argv;
const { apps, transports, origin, onHub } = await SERVERS[name]();
const { WebSocket } = globalThis.WebSocket ? globalThis : await import('ws');
const network = createNetwork(WebSocket);
await Promise.all(
  transports.map(async (transport, at) => {
    apps[at] = createApp((hub) => onHub?.(hub, at));
    const steps = await keepsContract(`${origin}/${at}`, transport, { idle: Number(idle), network });
    console.log(`ok  ${name} ${transport}: ${steps} steps`);
  }),
);
process.exit(0);
