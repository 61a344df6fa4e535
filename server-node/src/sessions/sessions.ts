import { randomBytes, randomUUID } from 'node:crypto';
import { VeloxError, type Limits, type OpenFrame } from '@velox/core/protocol';
import type { Admission, Admissions } from '../access/admission.js';
import type { Outlet } from '../wire/outlet.js';
import { RateLimit } from '../access/rate-limit.js';
import { DEFAULT_EVENT_LIMITS, type EventLimits } from './event-limits.js';
import { EventSender } from './event-sender.js';
import { Session } from './session.js';
import type { Traffic } from '../diagnostics/traffic.js';

const EVICTED = 'the session made room for a newer one, because it was never polled. Try again later.';

/** Stands for the session of an id that does not exist. */
const STRANGER = { admission: { context: {}, identity: '' } };

/** The functions of a hub that its sessions need. */
export interface SessionsHost {
  /** A session has something to write. */
  readonly onDue: (session: Session) => void;
  /** A session ended, for a reason as of `Sessions.end`. */
  readonly onEnd: (session: Session, reason: string) => void;
  /** Says goodbye to a session that makes room for another one, and ends it. */
  readonly fail: (session: Session, error: VeloxError) => void;
}

/** The sessions of a hub: those with a link, and those that have lost it and may resume. */
export class Sessions {
  readonly #admissions: Admissions;
  readonly #limits: Limits;
  readonly #patience: number;
  readonly #events: EventLimits;
  readonly #node: string | undefined;
  readonly #host: SessionsHost;
  readonly #byId = new Map<string, Session>();
  /** The counters of all sessions together. */
  readonly traffic: Traffic = { skipped: 0, caughtUp: 0, diverged: 0, invalid: 0, dropped: 0 };
  /** Sessions that have gone to another node, while late messages may still come for them. */
  readonly #departed = new Set<Session>();
  /** In the order in which they lost their links. */
  readonly #away = new Map<Session, NodeJS.Timeout>();

  /** Opened by long-polling, and not polled yet: a stranger opens a thousand of them and holds no connection. */
  readonly #unpolled = new Set<Session>();

  /**
   * @param patience how long a session without a link lives, in ms
   * @param events the most events that a session keeps
   * @param node the name of this node, if there are several
   */
  constructor(
    admissions: Admissions,
    limits: Limits,
    patience: number,
    host: SessionsHost,
    events?: EventLimits,
    node?: string,
  ) {
    this.#node = node;
    this.#admissions = admissions;
    this.#limits = limits;
    this.#patience = patience;
    this.#host = host;
    this.#events = events ?? DEFAULT_EVENT_LIMITS;
  }

  /** All of them, with a link or not. */
  get all(): Iterable<Session> {
    return this.#byId.values();
  }

  /** The same, and sessions that have just gone to another node. */
  get recipients(): Iterable<Session> {
    return this.#departed.size > 0 ? [...this.all, ...this.#departed] : this.all;
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
    for (const session of this.all) bytes += session.outlet?.waiting ?? 0;
    return bytes;
  }

  /** Returns the session that a client names, if it lives and belongs to the same client. From then on it can be resumed. */
  find(id: string | undefined, admission: Admission): Session | undefined {
    const session = id === undefined ? undefined : this.#here(id);
    // An unknown id takes the same way as a known one of another client, so that no answer shows which ids exist.
    const isSame = this.#admissions.isSame((session ?? STRANGER).admission, admission);
    if (!session || !isSame) return undefined;
    session.isResumable = true;
    return session;
  }

  /**
   * Attaches an outlet to its session: the one that the client names, if it lives and belongs to the same client, else a new one.
   *
   * @param open the client's open frame; without one, the session ends with its link
   * @throws VeloxError `too-many`.
   */
  open(outlet: Outlet, admission: Admission, open: OpenFrame['open'] | undefined): Session {
    let ack = open?.ack ?? 0;
    let session = this.find(open?.session, admission);
    if (session) {
      clearTimeout(this.#away.get(session));
      this.#away.delete(session);
      this.#admissions.leave(session.admission);
      session.admission = admission;
      this.#admissions.enter(admission); // its address may be another
    } else {
      session = this.#create(admission, randomUUID());
      ack = 0;
    }
    if (open) session.isResumable = true;
    if (outlet.transport === 'polling') this.#unpolled.add(session);
    else this.#unpolled.delete(session);
    session.attach(outlet, ack);
    return session;
  }

  /**
   * Creates a session for one that arrives from another node. `leave` begins its time without a link.
   *
   * @param own the part of its id that it keeps
   * @throws VeloxError `too-many`.
   */
  adopt(admission: Admission, own: string): Session {
    const session = this.#create(admission, own);
    session.isResumable = true;
    return session;
  }

  /** Returns the session with that part of an id, if it is here or arrives. */
  withOwnPart(own: string): Session | undefined {
    return this.#byId.get(this.#idOf(own));
  }

  /** A session has gone to another node. Its rooms are kept until `forget`. */
  depart(session: Session): void {
    clearTimeout(this.#away.get(session));
    this.#away.delete(session);
    this.#unpolled.delete(session);
    if (!this.#delete(session)) return;
    this.#departed.add(session);
  }

  /** No more messages come for a session that has gone to another node, or did not arrive. */
  forget(session: Session): void {
    this.depart(session);
    if (this.#departed.delete(session)) this.#host.onEnd(session, 'moved');
  }

  /** Notes that the client of a session that was opened by long-polling has polled. */
  confirm(session: Session): void {
    this.#unpolled.delete(session);
  }

  /** A link ended: its session waits for the next one, or ends if none can come. One that has ended waits for nothing. */
  leave(session: Session, isClosed: boolean): void {
    if (session.hasEnded) return;
    if (isClosed || !session.isResumable) return this.end(session, isClosed ? 'going-away' : 'lost');
    this.#away.set(session, setTimeout(() => this.end(session, 'lost'), this.#patience).unref());
  }

  /** Ends a session for good, for a reason: `lost`, or the code that its client gets. Idempotent. */
  end(session: Session, reason: string): void {
    clearTimeout(this.#away.get(session));
    this.#away.delete(session);
    this.#unpolled.delete(session);
    if (!this.#delete(session)) return;
    session.end();
    this.#host.onEnd(session, reason);
  }

  /** Creates a session. @throws VeloxError `too-many`. */
  #create(admission: Admission, own: string): Session {
    this.#enter(admission);
    const rate = new RateLimit(this.#limits.rate);
    const sender = new EventSender(this.traffic, this.#events);
    const session = new Session(admission, rate, sender, this.#host.onDue, this.#idOf(own));
    this.#byId.set(session.id, session);
    return session;
  }

  /** Returns whether the session was here. One that has come back has the id of the one that had gone. */
  #delete(session: Session): boolean {
    if (this.#byId.get(session.id) !== session) return false;
    this.#byId.delete(session.id);
    this.#admissions.leave(session.admission);
    return true;
  }

  /** Returns the session that an id means, unless it is still on its way. A session that has moved may be named by its former id. */
  #here(id: string): Session | undefined {
    const session = this.#byId.get(id) ?? this.#byId.get(this.#idOf(id.slice(id.indexOf('.') + 1)));
    return session?.redirect?.is === 'arriving' ? undefined : session;
  }

  #idOf(own: string): string {
    return this.#node === undefined ? own : `${this.#node}.${own}`;
  }

  /**
   * At a limit, evicts sessions until there is room for a new one: first those that were never polled, then the longest-disconnected ones.
   * It chooses from the same identity or address, or from all if the hub is full.
   */
  #enter(admission: Admission): void {
    for (let limit; (limit = this.#admissions.fullFor(admission));) {
      const victim = this.#expendable(admission, limit);
      if (!victim)
        throw new VeloxError('too-many', 'there are as many sessions as the limits allow. Try again later.');
      this.#host.fail(victim, new VeloxError('too-many', EVICTED));
    }
    this.#admissions.enter(admission);
  }

  #expendable(newcomer: Admission, limit: 'identity' | 'address' | 'hub'): Session | undefined {
    const candidates = [this.#unpolled, this.#away] as const;
    for (const sessions of candidates)
      for (const session of sessions.keys())
        if (limit === 'hub' || session.admission[limit] === newcomer[limit]) return session;
    return undefined;
  }
}

/** Draws the name of a node: 8 letters, new at each start of its process. It is no secret. */
export function randomNode(): string {
  return Array.from(randomBytes(8), (byte) => String.fromCharCode(97 + (byte % 26))).join('');
}
