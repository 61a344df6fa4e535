import type { TortureNode } from './orders.js';

/** What became of each update, by its mark: `ok`, the code of an error, or `dead` with its node. */
export type Outcomes = ReadonlyMap<string, { readonly topic: string; readonly outcome: string }>;

/** Writers that update random topics on random nodes. */
export class Writers {
  readonly #nodes: readonly TortureNode[];
  readonly #topics: readonly string[];
  readonly #outcomes = new Map<string, { topic: string; outcome: string }>();
  #begun = 0;
  #done = 0;
  #inFlight = 0;
  #mayGoOn: Promise<void> = Promise.resolve();
  #onIdle: () => void = () => undefined;

  constructor(nodes: readonly TortureNode[], topics: readonly string[]) {
    this.#nodes = nodes;
    this.#topics = topics;
  }

  /**
   * Makes all updates, and resolves with what became of them.
   *
   * @param onDone called after each with the count; it may take its time
   */
  async run(writers: number, updates: number, onDone: (count: number) => Promise<void>): Promise<Outcomes> {
    const events: Promise<void>[] = [];
    const write = async (): Promise<void> => {
      while (this.#begun < updates) {
        await this.#mayGoOn;
        await this.#update(`m${this.#begun++}`);
        events.push(onDone(++this.#done));
      }
    };
    await Promise.all(Array.from({ length: writers }, write));
    await Promise.all(events);
    return this.#outcomes;
  }

  /** Lets them pause. Resolves when no update is in flight, with the function that lets them go on. */
  async pause(): Promise<() => void> {
    let goOn = (): void => undefined;
    this.#mayGoOn = new Promise((resolve) => (goOn = resolve));
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      if (this.#inFlight === 0) resolve();
    });
    return goOn;
  }

  async #update(mark: string): Promise<void> {
    const topic = this.#topics[Math.floor(Math.random() * this.#topics.length)] as string;
    const living = this.#nodes.filter(({ isAlive }) => isAlive);
    const node = living[Math.floor(Math.random() * living.length)] as TortureNode;
    this.#inFlight++;
    const outcome = await node.ask({ topic, mark });
    this.#outcomes.set(mark, { topic, outcome });
    if (--this.#inFlight === 0) this.#onIdle();
  }
}
