import type { Bus } from '../cluster/bus.js';
import type { Unsubscribe } from '../cluster/log.js';

/** A message from one node to another. With `call` its sender waits for an answer, or it is that answer. */
interface Letter {
  readonly from: string;
  readonly kind: string;
  readonly call?: number;
  readonly data: unknown;
}

/** Receives the letters of a kind. Its result is the answer, if the sender waits for one. */
type Reader = (data: never, from: string) => unknown;

const ANSWER = 'answer';
const subjectOf = (node: string): string => `velox node ${node}`;

/** The letters between the nodes of a cluster: each node hears its own subject of the bus. */
export class Letters {
  readonly node: string;
  readonly #bus: Bus;
  readonly #onError: (error: unknown, subject: string) => void;
  readonly #readers = new Map<string, Reader>();
  readonly #pending = new Map<number, { readonly to: string; readonly resolve: (answer: unknown) => void }>();
  #calls = 0;
  #listening: Promise<Unsubscribe> | undefined;
  #isListening = false;

  /**
   * @param node the name of this node
   * @param onError reports the failure of a reader
   */
  constructor(node: string, bus: Bus, onError: (error: unknown, subject: string) => void) {
    this.node = node;
    this.#bus = bus;
    this.#onError = onError;
    void this.listen().catch(() => undefined); // the next question tries again
  }

  /** Sets the reader of a kind. */
  on(kind: string, reader: Reader): void {
    this.#readers.set(kind, reader);
  }

  /** Resolves when letters to this node will be heard. */
  listen(): Promise<void> {
    this.#listening ??= this.#bus.subscribe(subjectOf(this.node), (data) =>
      this.#hear(JSON.parse(data) as Letter),
    );
    this.#listening.catch(() => (this.#listening = undefined));
    return this.#listening.then(() => void (this.#isListening = true));
  }

  /** Sends a letter; at most once. Letters to one node arrive in order. */
  say(to: string, kind: string, data: unknown): Promise<void> {
    return this.#send(to, { from: this.node, kind, data });
  }

  /** The same for a letter whose loss has no remedy. */
  tell(to: string, kind: string, data: unknown): void {
    void this.say(to, kind, data).catch(() => undefined);
  }

  /**
   * Asks a node. Resolves with its answer, or with undefined if there is none within `ms`, also because the bus fails.
   *
   * @param isDue whether to ask again after `ms`, and so on. A late answer is accepted as well, because all repetitions are one question.
   */
  async ask(to: string, kind: string, data: unknown, ms: number, isDue = () => false): Promise<unknown> {
    const call = ++this.#calls;
    const send = async (): Promise<void> => {
      // Letters and questions to one node leave in the order of their calls.
      if (!this.#isListening) await this.listen();
      await this.#send(to, { from: this.node, kind, call, data });
    };
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<unknown>((resolve) => {
        const failed = (): void => void (isDue() || resolve(undefined));
        timer = setInterval(() => void (isDue() ? send().catch(failed) : resolve(undefined)), ms).unref();
        this.#pending.set(call, { to, resolve });
        send().catch(failed);
      });
    } finally {
      clearInterval(timer);
      this.#pending.delete(call);
    }
  }

  /** A node is gone: it answers nothing any more. */
  forget(node: string): void {
    for (const { to, resolve } of [...this.#pending.values()]) if (to === node) resolve(undefined);
  }

  /** Stops listening. The pending questions get no answer. */
  async close(): Promise<void> {
    for (const { resolve } of [...this.#pending.values()]) resolve(undefined);
    await this.#listening?.then((unsubscribe) => unsubscribe()).catch(() => undefined);
  }

  #send(to: string, letter: Letter): Promise<void> {
    return this.#bus.publish(subjectOf(to), JSON.stringify(letter));
  }

  #hear({ from, kind, call, data }: Letter): void {
    if (kind === ANSWER) return this.#pending.get(call ?? 0)?.resolve(data);
    const read = async (): Promise<void> => {
      const answer = await this.#readers.get(kind)?.(data as never, from);
      if (call !== undefined) await this.#send(from, { from: this.node, kind: ANSWER, call, data: answer });
    };
    read().catch((error: unknown) => this.#onError(error, subjectOf(this.node)));
  }
}
