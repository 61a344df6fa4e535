import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestProject } from 'vitest/node';
import { createHub } from '../server-node/src/index.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /**
     * Origin of a server with an endpoint at `/sync`; a POST to `/topics/name` sets a topic, and an event `echo` is answered by the
     * event `notice`. Every room has presence. No topic `secret…` is for anybody.
     */
    syncServer: string;
  }
}

/** Starts a real server for tests of a browser's side, and stops it after the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const hub = createHub({
    origins: '*',
    canSubscribe: (_, topic) => !topic.startsWith('secret'),
    canJoin: () => true,
  });
  hub.presence({ of: ({ name }) => ({ id: name }) });
  hub.on('echo', (session, data) => session.emit('notice', data));
  const states = new Map<string, ReturnType<typeof hub.state>>();

  async function put(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const topic = request.url?.slice('/topics/'.length) ?? '';
    const value: unknown = JSON.parse(await text(request));
    const state = states.get(topic);
    if (state) state.set(value);
    else states.set(topic, hub.state(topic, value));
    response.writeHead(204, { 'access-control-allow-origin': '*' }).end();
  }

  const server = createServer((request, response) => {
    if (request.url?.startsWith('/topics/')) {
      put(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    } else void hub.handle(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  project.provide('syncServer', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    await hub.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
}
