import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { nats } from '@velox/server/nats';
import { busContract, logContract } from '@velox/server/testing';
import type { EngineProcess } from '../rig/engine-process.js';
import { startNats } from '../rig/nats-server.js';
import { startTcpProxy, type TcpProxy } from '../rig/tcp-proxy.js';

let server: EngineProcess;
let proxy: TcpProxy;
const connections: NatsConnection[] = [];

beforeAll(async () => {
  server = await startNats();
  proxy = await startTcpProxy(server.port);
}, 60_000);
afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
}, 60_000);

const engine = {
  async connect() {
    const connection = await connect({
      servers: `127.0.0.1:${proxy.port}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
      reconnectJitter: 10,
      ignoreClusterUpdates: true,
    });
    connections.push(connection);
    return nats(connection, jetstream(connection));
  },
  interrupt() {
    proxy.cut();
    return Promise.resolve();
  },
  restart: () => server.restart(),
  async rewind() {
    const [data, saved] = [join(server.folder, 'jetstream'), join(server.folder, 'saved')];
    await server.kill('SIGTERM'); // so that all of it is written
    await rm(saved, { recursive: true, force: true });
    await cp(data, saved, { recursive: true });
    await server.start();
    return async () => {
      await server.kill();
      await rm(data, { recursive: true });
      await cp(saved, data, { recursive: true });
      await server.start();
    };
  },
  async wipe() {
    await server.kill();
    await rm(join(server.folder, 'jetstream'), { recursive: true });
    await server.start();
  },
};

describe('a backplane on NATS', () => {
  for (const { title, run } of [...logContract(engine), ...busContract(engine)]) it(title, run, 60_000);
});
