import type { Session } from './session.js';

/** How often links are checked, in parts of the time that they may be idle. */
const CHECKS = 4;

/** Reports sessions whose client has sent and read nothing for a time. */
export class IdleWatch {
  readonly #every: number | undefined;
  readonly #sessions: { readonly all: Iterable<Session> };
  readonly #onIdle: (session: Session) => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param idle in ms; undefined: no session is reported
   * @param onIdle called between `idle` and 5/4 of it after the last sign of the client
   */
  constructor(
    idle: number | undefined,
    sessions: { readonly all: Iterable<Session> },
    onIdle: (session: Session) => void,
  ) {
    this.#every = idle && idle / CHECKS;
    this.#sessions = sessions;
    this.#onIdle = onIdle;
  }

  /** Idempotent. */
  start(): void {
    if (this.#every) this.#timer ??= setInterval(() => this.#check(), this.#every).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #check(): void {
    for (const session of this.#sessions.all)
      if (session.link && session.link.quietChecks() > CHECKS) this.#onIdle(session);
  }
}
