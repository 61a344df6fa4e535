import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

/** The names of our sockets. Other programs may have theirs in the same folder. */
const NAME = /^\d+-[0-9a-f]{8}\.sock$/;

/** A folder with a Unix socket for each process of this machine. */
export class SocketFolder {
  readonly #path: string;
  /** The sockets that refused a connection when the folder was read before. */
  #refused = new Set<string>();
  /** Where this process listens. */
  readonly listen: string;

  /** @param path is created, for this user only */
  constructor(path: string) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.#path = path;
    this.listen = this.#address(`${process.pid}-${randomBytes(4).toString('hex')}.sock`);
  }

  /**
   * The sockets of processes that live. Those that refuse connections twice are removed: a process that is starting refuses for a
   * moment, and processes of other containers have pids that mean nothing here.
   *
   * @param isConnected whether a socket needs no test
   */
  async peers(isConnected: (address: string) => boolean): Promise<string[]> {
    const names = (await readdir(this.#path)).filter((name) => NAME.test(name));
    const refused = new Set<string>();
    const check = async (name: string): Promise<void> => {
      const address = this.#address(name);
      if (address === this.listen || isConnected(address)) return;
      if (await isRefused(join(this.#path, name))) refused.add(name);
    };
    await Promise.all(names.map(check));
    const dead = [...refused].filter((name) => this.#refused.has(name));
    this.#refused = refused;
    await Promise.all(dead.map((name) => rm(join(this.#path, name), { force: true })));
    return names.filter((name) => !refused.has(name)).map((name) => this.#address(name));
  }

  #address(name: string): string {
    return `unix:${join(this.#path, name)}`;
  }
}

/** Whether no process listens at a socket. */
function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
