import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, isOpen } from './free-port.js';

export interface EngineProgram {
  readonly name: string;
  readonly program: string;
  readonly args: (port: number, folder: string) => readonly string[];
  /** The user that runs it: a program may refuse root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Fills the folder before the first start. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** Checks whether it answers. Default: when its port is open. */
  readonly isReady?: (port: number) => Promise<boolean>;
  /** Its complaint if it is started while something of its killed predecessor is still there. Then it is started again. */
  readonly tooEarly?: RegExp;
}

/** A database or broker that a test started for itself, on a free port, with a folder of its own. */
export class EngineProcess implements AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  readonly #program: EngineProgram;
  #child: ChildProcess | undefined;

  private constructor(program: EngineProgram, port: number, folder: string) {
    this.#program = program;
    this.port = port;
    this.folder = folder;
  }

  static async start(program: EngineProgram): Promise<EngineProcess> {
    const folder = await mkdtemp(join(tmpdir(), `velox-${program.name}-`));
    if (program.user) await chown(folder, program.user.uid, program.user.gid);
    const engine = new EngineProcess(program, await freePort(), folder);
    try {
      await program.prepare?.(folder);
      await engine.start();
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
    return engine;
  }

  /** Starts it again, on the same port and folder. Resolves when it answers. */
  async start(): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!(await this.#launch(deadline))) await sleep(50);
  }

  /** Returns false if it was too early. */
  async #launch(deadline: number): Promise<boolean> {
    const { name, program, args, user, isReady = isOpen, tooEarly } = this.#program;
    const child = spawn(program, args(this.port, this.folder), {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: this.folder,
      ...user,
    });
    this.#child = child;
    // A test that is stopped disposes of nothing.
    const end = (): void => void child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    let errors = '';
    child.stderr.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-2_000)));
    const closed = once(child, 'close').catch(() => undefined); // then all of its complaint is there
    await once(child, 'spawn');
    while (!(await isReady(this.port))) {
      const isLate = Date.now() > deadline;
      if (child.exitCode !== null || child.signalCode !== null) {
        await closed;
        if (tooEarly?.test(errors) && !isLate) return false;
        throw new Error(`${name} exited with ${child.exitCode ?? child.signalCode}: ${errors}`);
      }
      if (isLate) throw new Error(`${name} does not answer on port ${this.port}: ${errors}`);
      await sleep(20);
    }
    return true;
  }

  /** Ends it by a signal, default SIGKILL. Resolves when it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
