import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** An order for a node, with the number of its answer. */
export type Numbered<Order> = Order & { readonly number: number };

/** A message of a node: it serves on a port, an order has ended, or something else. */
export type NodeMessage<Report> =
  { readonly port: number } | { readonly number: number; readonly outcome: string } | Report;

/** A server in a process of its own, which takes orders. */
export class NodeProcess<Order extends object, Report extends object = never> {
  readonly port: number;
  /** The messages that answer no order. */
  readonly reports: Report[] = [];
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (outcome: string) => void>();
  #count = 0;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    child.on('message', (message: NodeMessage<Report>) => {
      if ('number' in message) this.#settle(message.number, message.outcome);
      else this.reports.push(message as Report);
    });
    child.on('exit', () => {
      for (const number of [...this.#pending.keys()]) this.#settle(number, 'dead');
    });
  }

  /** Starts a bundle. Resolves when it serves. */
  static async start<Order extends object, Report extends object = never>(
    bundle: string,
    setup: object,
  ): Promise<NodeProcess<Order, Report>> {
    const child = fork(bundle, [JSON.stringify(setup)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const port = await new Promise<number>((resolve, reject) => {
      // It may report findings from the time of its loading.
      child.on('message', (message: object) => 'port' in message && resolve(message.port as number));
      child.on('exit', () => reject(new Error('a node has ended before it served')));
    });
    return new NodeProcess(child, port);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves with what became of an order; `dead` if the node died before it answered. */
  ask(order: Order): Promise<string> {
    const number = ++this.#count;
    return new Promise((resolve) => {
      this.#pending.set(number, resolve);
      if (!this.isAlive) return this.#settle(number, 'dead');
      this.#child.send({ ...order, number }, (error) => error && this.#settle(number, 'dead'));
    });
  }

  /** Ends the process by SIGKILL, in the middle of its work. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #settle(number: number, outcome: string): void {
    this.#pending.get(number)?.(outcome);
    this.#pending.delete(number);
  }
}
