import { VeloxError, type Limits, type OpenFrame } from '@velox/core/protocol';
import type { Admission, Admissions } from '../access/admission.js';
import type { Outlet } from '../wire/outlet.js';
import { RateLimit } from './rate-limit.js';
import { Session } from './session.js';
import type { Traffic } from '../diagnostics/traffic.js';

/** The sessions of a hub: those with a link, and those that have lost theirs and may come back. */
export class Sessions {
  readonly #admissions: Admissions;
  readonly #limits: Limits;
  readonly #patience: number;
  readonly #onDue: (session: Session) => void;
  readonly #onEnd: (session: Session) => void;
  readonly #byId = new Map<string, Session>();
  /** Of all their sessions. */
  readonly traffic: Traffic = { skipped: 0, caughtUp: 0, diverged: 0 };
  /** In the order in which they lost their links. */
  readonly #away = new Map<Session, NodeJS.Timeout>();

  /** @param patience how long a session without a link lives, in ms */
  constructor(
    admissions: Admissions,
    limits: Limits,
    patience: number,
    onDue: (session: Session) => void,
    onEnd: (session: Session) => void,
  ) {
    this.#admissions = admissions;
    this.#limits = limits;
    this.#patience = patience;
    this.#onDue = onDue;
    this.#onEnd = onEnd;
  }

  /** All of them, with a link or not. */
  get all(): Iterable<Session> {
    return this.#byId.values();
  }

  get size(): number {
    return this.#byId.size;
  }

  get away(): number {
    return this.#away.size;
  }

  /** Bytes that wait in their outlets. */
  get waiting(): number {
    let bytes = 0;
    for (const session of this.all) bytes += session.waiting;
    return bytes;
  }

  find(id: string): Session | undefined {
    return this.#byId.get(id);
  }

  /**
   * Puts an outlet to its session: the one that the client names, if it lives and belongs to the same identity, else a new one.
   *
   * @throws VeloxError `too-many`.
   */
  open(outlet: Outlet, admission: Admission, { session: id, ack = 0 }: OpenFrame['open']): Session {
    let session = id === undefined ? undefined : this.#byId.get(id);
    if (session && session.identity === admission.identity) {
      clearTimeout(this.#away.get(session));
      this.#away.delete(session);
      session.admission = admission;
    } else {
      this.#enter(admission);
      session = new Session(admission, new RateLimit(this.#limits.rate), this.traffic, this.#onDue);
      this.#byId.set(session.id, session);
      ack = 0;
    }
    session.attach(outlet, ack);
    return session;
  }

  /** A link ended: its session waits for the next one, or, where it cannot be resumed, ends. */
  leave(session: Session, resumable: boolean): void {
    if (!resumable) return this.end(session);
    this.#away.set(session, setTimeout(() => this.end(session), this.#patience).unref());
  }

  /** Ends a session for good. Idempotent. */
  end(session: Session): void {
    clearTimeout(this.#away.get(session));
    this.#away.delete(session);
    if (!this.#byId.delete(session.id)) return;
    this.#admissions.leave(session.admission);
    this.#onEnd(session);
  }

  /** Where it is full, one that is away makes room for one that is here: an own one, or, where the hub is full, a stranger's. */
  #enter(admission: Admission): void {
    const full = this.#admissions.fullFor(admission);
    if (full) {
      const victim = this.#leastMissed(admission, full === 'hub');
      if (!victim) throw new VeloxError('too-many', 'there are as many sessions as the limits allow.');
      this.end(victim);
    }
    this.#admissions.enter(admission);
  }

  #leastMissed({ identity }: Admission, orAnybody: boolean): Session | undefined {
    for (const session of this.#away.keys()) if (session.identity === identity) return session;
    return orAnybody ? this.#away.keys().next().value : undefined;
  }
}
