import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Answer, Order, Setup } from './orders.js';

/** What became of an update: its code, or `dead` if the node died before it answered. */
export type Outcome = string;

/** A server of the torture test. */
export class NodeProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (outcome: Outcome) => void>();
  #count = 0;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    child.on('message', (answer: Answer) => {
      if ('number' in answer) this.#settle(answer.number, answer.code);
    });
    child.on('exit', () => {
      for (const number of [...this.#pending.keys()]) this.#settle(number, 'dead');
    });
  }

  static async start(bundle: string, setup: Setup): Promise<NodeProcess> {
    const child = fork(bundle, [JSON.stringify(setup)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [answer] = (await once(child, 'message')) as [{ port: number }];
    return new NodeProcess(child, answer.port);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Makes an update. Resolves with what became of it. */
  update(topic: string, mark: string): Promise<Outcome> {
    const number = ++this.#count;
    return new Promise((resolve) => {
      this.#pending.set(number, resolve);
      if (!this.isAlive) return this.#settle(number, 'dead');
      const order: Order = { number, topic, mark };
      this.#child.send(order, (error) => error && this.#settle(number, 'dead'));
    });
  }

  /** Ends the process by SIGKILL, in the middle of its work. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #settle(number: number, outcome: Outcome): void {
    this.#pending.get(number)?.(outcome);
    this.#pending.delete(number);
  }
}
