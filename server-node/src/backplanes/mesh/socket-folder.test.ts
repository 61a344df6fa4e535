import { once } from 'node:events';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { SocketFolder } from './socket-folder.js';

/** No process has such a pid. */
const NO_PID = 999_999_999;

let path: string;
beforeEach(() => (path = mkdtempSync(join(tmpdir(), 'velox-sockets-'))));
afterEach(() => rmSync(path, { recursive: true }));

const listenAt = async (name: string) => {
  const server = createServer((socket) => socket.destroy()).listen(join(path, name));
  await once(server, 'listening');
  return server;
};
const listenUntilEnd = async (name: string): Promise<void> => {
  const server = await listenAt(name);
  onTestFinished(() => void server.close());
};
/** Leaves a socket as a process that was killed does. */
const leaveDeadSocket = async (name: string): Promise<void> => {
  const server = await listenAt('listening');
  renameSync(join(path, 'listening'), join(path, name));
  server.close();
  await once(server, 'close');
};
const isConnected = (): boolean => false;
const addressOf = (name: string): string => `unix:${join(path, name)}`;

describe('a folder of sockets', () => {
  it('lists the sockets that accept connections, also of processes with foreign pids', async () => {
    const [own, foreign] = [`${process.pid}-0123abcd.sock`, `${NO_PID}-0123abcd.sock`];
    await listenUntilEnd(own);
    await listenUntilEnd(foreign);
    const folder = new SocketFolder(path);
    for (let n = 0; n < 3; n++)
      expect((await folder.peers(isConnected)).sort()).toEqual([addressOf(own), addressOf(foreign)].sort());
  });

  it('removes a socket of any pid that refuses connections, when it is read for the second time', async () => {
    const names = [`${process.pid}-0123abcd.sock`, `${NO_PID}-0123abcd.sock`].sort();
    for (const name of names) await leaveDeadSocket(name);
    const folder = new SocketFolder(path);
    expect(await folder.peers(isConnected)).toEqual([]);
    expect(readdirSync(path).sort()).toEqual(names);
    expect(await folder.peers(isConnected)).toEqual([]);
    expect(readdirSync(path)).toEqual([]);
  });

  it('keeps a socket that refused connections only once, as one that is about to listen does', async () => {
    const name = `${process.pid}-0123abcd.sock`;
    await leaveDeadSocket(name);
    const folder = new SocketFolder(path);
    expect(await folder.peers(isConnected)).toEqual([]);
    rmSync(join(path, name));
    await listenUntilEnd(name);
    expect(await folder.peers(isConnected)).toEqual([addressOf(name)]);
    expect(await folder.peers(isConnected)).toEqual([addressOf(name)]);
  });

  it('neither lists nor removes sockets and files of other programs', async () => {
    const names = ['app.sock', '1.sock', '12-app.sock', 'x1-0123abcd.sock', '1-0123abcd.sock.old'];
    await leaveDeadSocket('app.sock');
    for (const name of names.slice(1)) writeFileSync(join(path, name), '');
    const folder = new SocketFolder(path);
    for (let n = 0; n < 3; n++) expect(await folder.peers(isConnected)).toEqual([]);
    expect(readdirSync(path).sort()).toEqual(names.sort());
  });

  it('lists a connected socket without a test', async () => {
    const name = `${NO_PID}-0123abcd.sock`;
    await leaveDeadSocket(name);
    const folder = new SocketFolder(path);
    for (let n = 0; n < 3; n++)
      expect(await folder.peers((address) => address === addressOf(name))).toEqual([addressOf(name)]);
  });
});
