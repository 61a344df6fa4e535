import { VeloxError } from '@velox/core/protocol';
import type { Log, Place } from '../../cluster/log.js';
import type { Engine } from './engine.js';
import type { Follower } from './follower.js';

/** How often all heads are compared, in ms: an engine may lose a hint, so nothing else bounds how long a node is behind. */
const INTERVAL_MS = 2_000;
/** How long the answer may take, in ms; then all topics are stale. */
const ANSWER_MS = 5_000;
/** After this many ms, a question that has no answer is asked again. Before, the client may still keep it, and would keep both. */
const REPEAT_MS = 30_000;
/** Within this many ms after a doubt, one comparison serves the doubts of all topics. */
const DOUBT_MS = 20;
/** The wait after a failure, in ms; doubled with each one up to the interval. */
const RETRY_MS = 100;

/** Compares the heads of all topics of a hub with the log: regularly, and soon after a doubt. */
export class Sweep {
  readonly #engine: Engine;
  readonly #followers = new Set<Follower<unknown>>();
  #failures = 0;
  /** How often in a row a topic has failed though the engine answered. */
  #troubles = 0;
  #hasTrouble = false;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is due, by `performance.now`. */
  #dueAt = Infinity;
  #isRunning = false;
  /** When the question was asked that has no answer yet, by `performance.now`. */
  #askedAt = -Infinity;
  #isClosed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  add(follower: Follower<unknown>): void {
    this.#followers.add(follower);
    this.#schedule(INTERVAL_MS);
  }

  delete(follower: Follower<unknown>): void {
    this.#followers.delete(follower);
  }

  /** Revisions may have been missed. */
  doubt(): void {
    this.#schedule(DOUBT_MS);
  }

  /** The engine has failed, perhaps for one topic alone: compares again soon, with back-off. */
  trouble(): void {
    this.#hasTrouble = true;
    this.#retry();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #retry(): void {
    this.#schedule(Math.min(INTERVAL_MS, RETRY_MS * 2 ** (this.#failures + this.#troubles)));
  }

  #schedule(ms: number): void {
    const dueAt = performance.now() + ms * (0.75 + Math.random() / 2);
    if (this.#isClosed || dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => void this.#sweep(), dueAt - performance.now()).unref();
  }

  async #sweep(): Promise<void> {
    this.#dueAt = Infinity;
    if (this.#isRunning) return this.#schedule(DOUBT_MS);
    this.#isRunning = true;
    const followers = [...this.#followers];
    const hadTrouble = this.#hasTrouble;
    this.#hasTrouble = false;
    try {
      await this.#compare(followers);
      // Just after an outage, a failure may still be one of the engine.
      this.#troubles = hadTrouble && this.#failures === 0 ? this.#troubles + 1 : 0;
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      if (!this.#isClosed) for (const follower of followers) follower.fail(error);
    }
    this.#isRunning = false;
    if (this.#followers.size === 0) return;
    if (this.#failures > 0) this.#retry();
    else this.#schedule(INTERVAL_MS);
  }

  async #compare(followers: readonly Follower<unknown>[]): Promise<void> {
    if (performance.now() - this.#askedAt < REPEAT_MS) throw unanswered();
    const asked = followers.map(({ place }) => place);
    const topics = followers.map(({ topic }) => topic);
    const [run, heads] = await this.#engine.ask((log) => this.#ask(log, topics), ANSWER_MS);
    followers.forEach((follower, at) => {
      if (this.#followers.has(follower)) follower.compare(asked[at], heads[at], run);
    });
  }

  #ask(log: Log, topics: readonly string[]): Promise<[string, (Place | undefined)[]]> {
    const askedAt = (this.#askedAt = performance.now());
    const questions = [log.run(), log.heads(topics)] as const;
    void Promise.allSettled(questions).then(() => {
      if (this.#askedAt !== askedAt) return;
      this.#askedAt = -Infinity;
      // The engine answers again, too late for this question.
      if (performance.now() - askedAt >= ANSWER_MS) this.#schedule(DOUBT_MS);
    });
    return Promise.all(questions);
  }
}

const unanswered = (): VeloxError =>
  new VeloxError(
    'timeout',
    'the engine has not answered for some seconds. Check that it runs and can be reached.',
  );
