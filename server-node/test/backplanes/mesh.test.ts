import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { mesh, type Mesh, type MeshOptions } from '@velox/server/mesh';
import { busContract } from '@velox/server/testing';
import { cert, key } from '../rig/certificate.js';
import { freePort } from '../rig/free-port.js';
import { startTcpProxy, type TcpProxy } from '../rig/tcp-proxy.js';

const secret = 'a secret of some length';
const tls = { ca: cert, cert, key };
const folders: string[] = [];
const folder = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), 'velox-mesh-')));
  return folders.at(-1) as string;
};
afterAll(() => folders.forEach((path) => rmSync(path, { recursive: true })));

/** Collects the warnings of a test. */
const warningsOf = (): string[] => {
  const warnings: string[] = [];
  const spy = vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(String(text)));
  onTestFinished(() => spy.mockRestore());
  return warnings;
};
const proxyTo = async (port: number): Promise<TcpProxy> => {
  const proxy = await startTcpProxy(port);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  return proxy;
};
const local = (port: number): string => `127.0.0.1:${port}`;
/** Publishes until a node has heard it. */
const reach = async (from: Mesh, heard: readonly string[], text: string): Promise<void> => {
  await vi.waitFor(
    async () => {
      await from.bus.publish('x', text);
      if (!heard.includes(text)) throw new Error(`${text} is not heard`);
    },
    { timeout: 20_000 },
  );
};

/** Starts nodes on free ports, which find each other by a list. */
function overTcp(more: Partial<MeshOptions> = {}): () => Promise<Mesh> {
  const peers: string[] = [];
  return async () => {
    const listen = `${more.tls ? 'localhost' : '127.0.0.1'}:${await freePort()}`;
    peers.push(listen);
    return mesh({ grpc, secret, listen, peers: () => peers, ...more });
  };
}
function overSockets(): () => Mesh {
  const path = folder();
  return () => mesh({ grpc, secret, folder: path });
}

describe.each([
  ['TCP', overTcp()],
  ['TLS', overTcp({ tls })],
  ['Unix sockets', overSockets()],
] as const)('a mesh over %s', (_, connect) => {
  for (const { title, run } of busContract({ connect })) it(title, run, 60_000);
});

describe('a mesh', () => {
  const nodes: Mesh[] = [];
  const add = (node: Mesh): Mesh => {
    nodes.push(node);
    return node;
  };
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.close()));
  });

  it('a node that was restarted is reached again, and the others are in doubt', async () => {
    const listen = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`] as const;
    const start = (n: 0 | 1): Mesh => add(mesh({ grpc, secret, listen: listen[n], peers: listen }));
    const [one, two] = [start(0), start(1)];
    const heard: string[] = [];
    const doubt = vi.fn();
    await one.bus.subscribe('x', (data) => heard.push(data), doubt);
    await two.bus.publish('x', 'before');
    await vi.waitFor(() => expect(heard).toEqual(['before']));
    const before = doubt.mock.calls.length;
    await two.close();
    const again = start(1);
    await vi.waitFor(() => expect(doubt.mock.calls.length).toBeGreaterThan(before));
    await again.bus.publish('x', 'after');
    await vi.waitFor(() => expect(heard).toEqual(['before', 'after']));
  });

  it('a node with another secret gets nothing and is heard by none, and each refusal is shown once', async () => {
    const warnings = warningsOf();
    const listen = [local(await freePort()), local(await freePort())] as const;
    const one = add(mesh({ grpc, secret, listen: listen[0], peers: listen }));
    const stranger = add(mesh({ grpc, secret: 'another secret, as long', listen: listen[1], peers: listen }));
    const [heard, stolen] = [vi.fn(), vi.fn()];
    await one.bus.subscribe('x', heard);
    await stranger.bus.subscribe('x', stolen);
    await one.bus.publish('x', 'ours');
    await stranger.bus.publish('x', 'theirs');
    await vi.waitFor(() => expect([heard.mock.calls, stolen.mock.calls]).toEqual([[['ours']], [['theirs']]]));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect([heard.mock.calls, stolen.mock.calls]).toEqual([[['ours']], [['theirs']]]);
    const refused = (by: string): string =>
      `velox: the node at ${by} refuses the token of this one. Give both the same secret, and set their clocks: they may differ by 60 s.`;
    await vi.waitFor(() => expect(warnings.sort()).toEqual(listen.map(refused).sort()));
  });

  it('a call without a valid token ends with the status UNAUTHENTICATED', async () => {
    const node = add(mesh({ grpc, secret, listen: local(await freePort()), peers: [] }));
    await node.bus.publish('x', '');
    const client = new grpc.Client(node.address, grpc.credentials.createInsecure());
    onTestFinished(() => client.close());
    const metadata = new grpc.Metadata();
    metadata.set('velox-token', '1.2.3');
    const frame = [(text: string) => Buffer.from(text), String] as const;
    const call = client.makeBidiStreamRequest('/velox.Mesh/Subscribe', ...frame, metadata);
    call.resume();
    const [error] = (await once(call, 'error')) as [grpc.ServiceError];
    expect(error.code).toBe(grpc.status.UNAUTHENTICATED);
  });

  it('a node for which too much waits is cut off, in doubt, and then hears later messages', async () => {
    const peers = [local(await freePort()), local(await freePort())] as const;
    const [one, two] = peers.map((listen) => add(mesh({ grpc, secret, listen, peers }))) as [Mesh, Mesh];
    const heard: string[] = [];
    const doubt = vi.fn();
    await two.bus.subscribe('x', (data) => heard.push(data), doubt);
    await reach(one, heard, 'before');
    await new Promise(setImmediate);
    const before = doubt.mock.calls.length;
    const burst = Array.from({ length: 40 }, () => one.bus.publish('x', 'x'.repeat(1_000_000)));
    await Promise.all(burst);
    await vi.waitFor(() => expect(doubt.mock.calls.length).toBeGreaterThan(before), { timeout: 20_000 });
    await reach(one, heard, 'after');
  }, 60_000);

  it('a node with two addresses is heard once, and over the other one if the first fails', async () => {
    const port = await freePort();
    const [first, second] = [await proxyTo(port), await proxyTo(port)];
    const peers = [local(first.port), local(second.port)] as const;
    const one = add(mesh({ grpc, secret, listen: local(port), address: peers[0], peers: [] }));
    await one.bus.publish('x', '');
    const two = add(mesh({ grpc, secret, listen: local(await freePort()), peers }));
    const heard: string[] = [];
    await two.bus.subscribe('x', (data) => heard.push(data));
    for (const text of ['a', 'b', 'c']) await one.bus.publish('x', text);
    await vi.waitFor(() => expect(heard).toContain('c'));
    expect(heard).toEqual(['a', 'b', 'c']);
    first.retarget(undefined);
    await reach(one, heard, 'without the first');
    first.retarget(port);
    second.retarget(undefined);
    await reach(one, heard, 'without the second');
  }, 60_000);

  it('a node is in doubt when its connection to another one is lost, also if that never returns', async () => {
    const port = await freePort();
    const proxy = await proxyTo(port);
    const peers = [local(proxy.port)];
    const one = add(mesh({ grpc, secret, listen: local(port), address: local(proxy.port), peers: [] }));
    await one.bus.publish('x', '');
    const two = add(mesh({ grpc, secret, listen: local(await freePort()), peers: () => peers }));
    const heard: string[] = [];
    const doubt = vi.fn();
    await two.bus.subscribe('x', (data) => heard.push(data), doubt);
    await reach(one, heard, 'before');
    await new Promise(setImmediate);
    const before = doubt.mock.calls.length;
    peers.pop();
    proxy.retarget(undefined);
    await vi.waitFor(() => expect(doubt.mock.calls.length).toBeGreaterThan(before), { timeout: 20_000 });
  }, 60_000);

  it('the last messages of a node that closes arrive, and its end alone causes no doubt', async () => {
    const port = await freePort();
    const one = add(mesh({ grpc, secret, listen: local(port), peers: [] }));
    await one.bus.publish('x', '');
    const two = add(mesh({ grpc, secret, listen: local(await freePort()), peers: [local(port)] }));
    const heard: string[] = [];
    const doubt = vi.fn();
    await two.bus.subscribe('x', (data) => heard.push(data), doubt);
    await reach(one, heard, 'before');
    await new Promise(setImmediate); // the doubt of the first connection may follow
    const before = doubt.mock.calls.length;
    for (const text of ['1', '2', '3']) await one.bus.publish('x', text.repeat(1_000_000));
    await one.close();
    const last = (): unknown => heard.slice(-3).map((text) => [text[0], text.length]);
    await vi.waitFor(() => expect(last()).toEqual(['1', '2', '3'].map((text) => [text, 1_000_000])));
    const again = add(mesh({ grpc, secret, listen: local(port), peers: [] }));
    await reach(again, heard, 'after');
    await new Promise(setImmediate);
    expect(doubt.mock.calls.length).toBe(before + 1);
  }, 60_000);

  it('a node that cannot listen rejects as unavailable, shows it once, and works when the port is free', async () => {
    const warnings = warningsOf();
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    const node = add(mesh({ grpc, secret, listen: local(port), peers: [] }));
    for (const attempt of [() => node.bus.publish('x', ''), () => node.bus.subscribe('x', () => {})])
      await expect(attempt()).rejects.toMatchObject({
        code: 'unavailable',
        cause: expect.any(Error) as Error,
      });
    other.close();
    await once(other, 'close');
    await vi.waitFor(() => node.bus.publish('x', ''), { timeout: 20_000 });
    expect(warnings).toEqual([
      `velox: the mesh cannot listen at ${local(port)}, and tries again every 2 s. Free the port, or shorten the path of the folder.`,
    ]);
  }, 60_000);

  it('nodes find each other after a list of nodes that failed, and despite an address that is none', async () => {
    warningsOf();
    const port = await freePort();
    const one = add(mesh({ grpc, secret, listen: local(port), peers: [] }));
    await one.bus.publish('x', '');
    const peers = vi.fn(() => Promise.resolve(['', '\n', local(port)]));
    peers.mockRejectedValueOnce(new Error('no DNS'));
    const two = add(mesh({ grpc, secret, listen: local(await freePort()), peers }));
    const heard: string[] = [];
    await two.bus.subscribe('x', (data) => heard.push(data));
    await reach(one, heard, 'found');
  }, 60_000);

  it('processes hear each other in a folder whose name is not ASCII', async () => {
    const path = join(folder(), 'möbel');
    const [one, two] = [add(mesh({ grpc, secret, folder: path })), add(mesh({ grpc, secret, folder: path }))];
    const heard: string[] = [];
    await two.bus.subscribe('x', (data) => heard.push(data));
    await reach(one, heard, 'ä');
  });

  it('rejects publish and subscribe after close', async () => {
    const node = add(mesh({ grpc, secret, listen: '127.0.0.1:0', peers: [] }));
    await node.bus.publish('x', '');
    await node.close();
    for (const attempt of [() => node.bus.publish('x', ''), () => node.bus.subscribe('x', () => {})])
      await expect(attempt()).rejects.toMatchObject({ code: 'closed' });
  });

  it('creates its folder for this user alone', async () => {
    const path = join(folder(), 'sockets');
    const node = add(mesh({ grpc, secret, folder: path }));
    await node.bus.publish('x', '1');
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(node.address).toMatch(new RegExp(`^unix:${path}/${process.pid}-[0-9a-f]{8}\\.sock$`));
  });

  it('refuses a short secret', () => {
    expect(() => mesh({ grpc, secret: 'short', folder: folder() })).toThrow('velox: `secret` is too short');
  });
});
