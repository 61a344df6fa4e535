import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { nats } from '@velox/server/nats';
import type { EngineProcess } from '../rig/engine-process.js';
import { startNats } from '../rig/nats-server.js';

let server: EngineProcess;
let connection: NatsConnection;

beforeAll(async () => {
  server = await startNats();
  connection = await connect({ servers: `127.0.0.1:${server.port}` });
}, 60_000);
afterAll(async () => {
  await connection.close();
  await server[Symbol.asyncDispose]();
}, 60_000);

describe('NATS', () => {
  it('a snapshot of the first topic of a stream removes none of the revisions that it keeps', async () => {
    const { log } = nats(connection, jetstream(connection), { prefix: 'first' });
    const { at } = (await log.open('topic', '0')).snapshot;
    const appended = await log.append('topic', at, [{ tag: 'a', patch: '[1]' }]);
    if (!appended.ok) throw new Error('refused');
    expect(await log.saveSnapshot('topic', appended.at, '1', 100)).toBe(true);
    expect(await log.heads(['topic'])).toEqual([appended.at]);
    expect(await log.read('topic', at)).toHaveLength(1);
  });

  it('close ends its subscriptions and leaves the connection open', async () => {
    const [one, two] = [nats(connection, jetstream(connection)), nats(connection, jetstream(connection))];
    const [ended, kept] = [vi.fn(), vi.fn()];
    await one.bus.subscribe('x', ended);
    await two.bus.subscribe('x', kept);
    await one.close();
    await two.bus.publish('x', '1');
    await vi.waitFor(() => expect(kept).toHaveBeenCalledOnce());
    expect(ended).not.toHaveBeenCalled();
    expect(connection.isClosed()).toBe(false);
    await two.close();
  });
});
