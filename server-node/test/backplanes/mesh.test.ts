import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { mesh, type Mesh, type MeshOptions } from '@velox/server/mesh';
import { busContract } from '@velox/server/testing';
import { cert, key } from '../rig/certificate.js';
import { freePort } from '../rig/free-port.js';

const secret = 'a secret of some length';
const tls = { ca: cert, cert, key };
const folders: string[] = [];
const folder = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), 'velox-mesh-')));
  return folders.at(-1) as string;
};
afterAll(() => folders.forEach((path) => rmSync(path, { recursive: true })));

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

  it('a node with another secret gets nothing and is heard by none', async () => {
    const listen = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`] as const;
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
