/** The wait before a topic is opened again, in ms: doubled with each failure up to the maximum. */
const FIRST_MS = 1_000;
const MAX_MS = 30_000;

/** How many failures a topic has had, and the timer of its next attempt. */
interface Attempt {
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

/** Opens topics again whose source has failed, with back-off and jitter, until they are forgotten. */
export class Reopening {
  readonly #open: (topic: string) => void;
  readonly #attempts = new Map<string, Attempt>();

  constructor(open: (topic: string) => void) {
    this.#open = open;
  }

  /** Opens a topic again later. Idempotent until then. */
  add(topic: string): void {
    const attempt = this.#attempts.get(topic) ?? { failures: 0, timer: undefined };
    this.#attempts.set(topic, attempt);
    if (attempt.timer) return;
    const wait = Math.min(MAX_MS, FIRST_MS * 2 ** attempt.failures++) * (0.5 + Math.random() / 2);
    attempt.timer = setTimeout(() => {
      attempt.timer = undefined;
      this.#open(topic);
    }, wait).unref();
  }

  /** A topic could be opened: its next failure counts as the first one. */
  succeeded(topic: string): void {
    if (!this.#attempts.get(topic)?.timer) this.#attempts.delete(topic);
  }

  /** A topic is no longer wanted. */
  forget(topic: string): void {
    clearTimeout(this.#attempts.get(topic)?.timer);
    this.#attempts.delete(topic);
  }

  close(): void {
    for (const topic of [...this.#attempts.keys()]) this.forget(topic);
  }
}
