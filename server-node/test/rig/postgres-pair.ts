import type { EngineProcess } from './engine-process.js';
import { admin, startPostgres, startStandby } from './postgres.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

/** PostgreSQL with a standby, behind one address, as applications reach it in production. */
export class PostgresPair implements AsyncDisposable {
  readonly #primary: EngineProcess;
  readonly #standby: EngineProcess;
  /** From the standby to the primary. */
  readonly #link: TcpProxy;
  /** From the applications to the server that is the primary. */
  readonly #front: TcpProxy;

  private constructor(primary: EngineProcess, standby: EngineProcess, link: TcpProxy, front: TcpProxy) {
    this.#primary = primary;
    this.#standby = standby;
    this.#link = link;
    this.#front = front;
  }

  /** `isSynchronous`: a commit is acknowledged when the standby has written it, too. */
  static async start(isSynchronous: boolean): Promise<PostgresPair> {
    const primary = await startPostgres();
    const link = await startTcpProxy(primary.port);
    const standby = await startStandby(link.port);
    if (isSynchronous) {
      const set = `ALTER SYSTEM SET synchronous_standby_names = '*'`;
      await admin(primary.port, set, 'SELECT pg_reload_conf()');
    }
    return new PostgresPair(primary, standby, link, await startTcpProxy(primary.port));
  }

  /** The address of the primary, also after a failover. */
  get port(): number {
    return this.#front.port;
  }

  /** The standby receives no more changes. */
  cutLink(): void {
    this.#link.retarget(undefined);
  }

  /** Kills the primary and promotes the standby. */
  async failOver(): Promise<void> {
    await this.#primary.kill();
    this.#front.retarget(this.#standby.port);
    await admin(this.#standby.port, 'SELECT pg_promote()');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of [this.#front, this.#link, this.#standby, this.#primary])
      await each[Symbol.asyncDispose]();
  }
}
