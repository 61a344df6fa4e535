import { LONGEST_TIMER_MS } from '@velox/core/protocol';
import type { Session } from './session.js';

/** How many values one heartbeat hashes to check the copies of clients: a few ms of work. */
const CHECKED_VALUES = 20_000;

/** How much longer than a heartbeat a client may take to answer, in ms. */
const ANSWER_MS = 5_000;

/** A timer that is later than this, in ms, means that the process stood still: answers may wait in its sockets, unread. */
const LATE_TIMER_MS = 1_000;

/** Its multiples are spread evenly over the fractions between 0 and 1. */
const GOLDEN_RATIO = 0.618034;

/** The default of `heartbeat`: `Bun.serve` closes a response that is idle for 10 s. */
export const HEARTBEAT_MS: number = 'Bun' in globalThis ? 8_000 : 15_000;

/**
 * The heartbeat of a hub's sessions. It asks for an acknowledgement if one is useful, and reports the sessions
 * whose client stays silent: a peer that vanished without a close keeps its socket open for many minutes.
 */
export class Heartbeat {
  readonly #every: number;
  readonly #sessions: { readonly all: Iterable<Session> };
  readonly #onSilent: (session: Session) => void;
  #timer: NodeJS.Timeout | undefined;
  /** How many there were. */
  #count = 0;

  /**
   * @param every ms from one heartbeat to the next
   * @param onSilent called for a session whose client has not answered within `every` + 5,000 ms
   */
  constructor(
    every: number,
    sessions: { readonly all: Iterable<Session> },
    onSilent: (session: Session) => void,
  ) {
    this.#every = every;
    this.#sessions = sessions;
    this.#onSilent = onSilent;
  }

  /** Idempotent. */
  start(): void {
    this.#timer ??= setInterval(() => this.#beat(), this.#every).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    const heartbeat = ++this.#count;
    const budget = { left: CHECKED_VALUES };
    let asks = false;
    // The first ones get the budget. Each time it is others, so that the copies of all values have their turn.
    const sessions = [...this.#sessions.all];
    const first = Math.floor(sessions.length * ((heartbeat * GOLDEN_RATIO) % 1));
    for (let at = 0; at < sessions.length; at++) {
      const session = sessions[(first + at) % sessions.length] as Session;
      asks = session.beat(budget, heartbeat) || asks;
    }
    if (!asks) return;
    const delay = Math.min(this.#every + ANSWER_MS, LONGEST_TIMER_MS);
    const due = performance.now() + delay;
    setTimeout(() => {
      // The next heartbeat's turn ends links that are still silent then.
      if (performance.now() - due < LATE_TIMER_MS) this.#judge(heartbeat);
    }, delay).unref();
  }

  #judge(heartbeat: number): void {
    for (const session of this.#sessions.all) if (session.isSilentSince(heartbeat)) this.#onSilent(session);
  }
}
