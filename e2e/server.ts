import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** The built playground server in a process of its own, to be killed and started again on the same port. */
export class PlaygroundServer {
  readonly origin: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    this.#port = port;
    this.origin = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<PlaygroundServer> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    const server = new PlaygroundServer(port);
    await server.start();
    return server;
  }

  /** Resolves when it has printed its address. */
  async start(): Promise<void> {
    const env = { ...process.env, PORT: `${this.#port}` };
    this.#process = spawn(process.execPath, ['playground/dist/server/main.js'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(this.#process.stdout as NodeJS.EventEmitter, 'data');
  }

  /** Kills it without a goodbye. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (!running || running.exitCode !== null) return;
    const exited = once(running, 'exit');
    running.kill('SIGKILL');
    await exited;
  }
}
