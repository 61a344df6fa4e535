import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder with a Unix socket for each process of this machine. */
export class SocketFolder {
  readonly #path: string;
  /** Where this process listens. */
  readonly listen: string;

  /** @param path is created, for this user only */
  constructor(path: string) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.#path = path;
    this.listen = this.#address(`${process.pid}-${randomBytes(4).toString('hex')}.sock`);
  }

  /** The sockets of processes that live. Those of others are removed. */
  async peers(): Promise<string[]> {
    const names = (await readdir(this.#path)).filter((name) => name.endsWith('.sock'));
    const living = names.filter((name) => isAlive(parseInt(name, 10)));
    const dead = names.filter((name) => !living.includes(name));
    await Promise.all(dead.map((name) => rm(join(this.#path, name), { force: true })));
    return living.map((name) => this.#address(name));
  }

  #address(name: string): string {
    return `unix:${join(this.#path, name)}`;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}
