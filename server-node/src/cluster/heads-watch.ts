import { inTime } from './in-time.js';
import type { Place } from './log.js';

interface HeadsWatchOptions {
  /** The topics, or their keys, that have followers. */
  readonly topics: () => readonly string[];
  readonly heads: (topics: readonly string[]) => Promise<readonly (Place | undefined)[]>;
  readonly onDoubt: (topic: string) => void;
  /** Between two checks, in ms. */
  readonly interval: number;
}

/** How long an answer may take, in ms. Later, the heads are asked for again. */
const ANSWER_MS = 10_000;

/** Compares heads with what followers heard, for engines whose notifications can be lost without a sign. */
export class HeadsWatch {
  readonly #options: HeadsWatchOptions;
  readonly #heard = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HeadsWatchOptions) {
    this.#options = options;
  }

  /** Notes that followers heard of a revision. */
  heard(topic: string, at: Place): void {
    this.#heard.set(topic, nameOf(at));
  }

  /** Begins to check, if it has not begun. It ends when there are no followers. */
  start(): void {
    this.#timer ??= setTimeout(() => void this.#check(), this.#options.interval).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#heard.clear();
  }

  async #check(): Promise<void> {
    const { topics, heads, onDoubt } = this.#options;
    const timer = this.#timer;
    const followed = topics();
    if (followed.length === 0) return this.stop();
    const before = followed.map((topic) => this.#heard.get(topic));
    // While the engine is away, nothing can be compared. Its reconnect is a doubt of its own.
    const found = await inTime(heads(followed), ANSWER_MS, late).catch(() => undefined);
    if (this.#timer !== timer) return;
    this.#timer = undefined;
    found?.forEach((head, n) => {
      const [topic, name] = [followed[n] as string, head && nameOf(head)];
      // A version that was heard while the answer travelled is newer than the answer.
      if (this.#heard.get(topic) !== before[n] || before[n] === name) return;
      if (name === undefined) this.#heard.delete(topic);
      else this.#heard.set(topic, name);
      onDoubt(topic);
    });
    const current = new Set(followed);
    for (const topic of this.#heard.keys()) if (!current.has(topic)) this.#heard.delete(topic);
    this.start();
  }
}

const late = (): Error => new Error('the heads are late');

const nameOf = ({ id, version, token }: Place): string => `${id} ${version} ${token}`;
