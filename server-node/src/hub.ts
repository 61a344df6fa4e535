import {
  CloseCode,
  isVeloxError,
  PROTOCOL_VERSION,
  report,
  VeloxError,
  type ClientFrame,
  type Limits,
  type Position,
} from '@velox/core/protocol';
import { Broadcast } from './broadcast.js';
import { message } from './message.js';
import type { Origins } from './origin.js';
import type { Outlet } from './outlet.js';
import { Session } from './session.js';
import type { State } from './state.js';

export interface HubOptions {
  /** The server says something at least this often, in ms; default 15,000. */
  readonly heartbeat?: number;
  /** What one client may do; announced in `hello`. Default: 1 MiB a frame, 10,000 ms for the handshake. */
  readonly limits?: Partial<Limits>;
  /** Origins that may open a WebSocket and read across origins, beside the endpoint's own host; default none. */
  readonly origins?: Origins;
}

const PING = message({ ping: true });

/** An endpoint without any transport: its topics, its sessions, and what frames mean. */
export class Hub {
  readonly limits: Limits;
  readonly origins: Origins;
  readonly #heartbeat: number;
  readonly #broadcasts = new Map<string, Broadcast>();
  /** Who wants a topic, whether it exists or not. */
  readonly #audiences = new Map<string, Set<Session>>();
  readonly #sessions = new Set<Session>();
  readonly #due = new Set<Session>();
  #heart: NodeJS.Timeout | undefined;
  /** Whether `close` was called. */
  closed = false;

  constructor({ heartbeat = 15_000, limits, origins = [] }: HubOptions = {}) {
    this.#heartbeat = heartbeat;
    this.limits = { frame: 1 << 20, handshake: 10_000, ...limits };
    this.origins = origins;
  }

  /** Publishes a state under a topic's name; sessions that wait for it get it. */
  publish(topic: string, state: State<unknown>): void {
    const broadcast = new Broadcast(topic, state);
    this.#broadcasts.set(topic, broadcast);
    state.onRevision(() => {
      for (const session of this.#audiences.get(topic) ?? []) {
        session.touch(topic);
        this.#deliver(session);
      }
    });
    for (const session of this.#audiences.get(topic) ?? []) this.#admit(session, topic);
  }

  /** The broadcast of a topic, for a reader that is not a session. */
  find(topic: string): Broadcast | undefined {
    return this.#broadcasts.get(topic);
  }

  /**
   * Opens a session on an outlet; `hello` leaves with the first delivery.
   */
  open(outlet: Outlet): Session {
    const session = new Session(outlet, undefined, undefined);
    this.#sessions.add(session);
    this.#heart ??= setInterval(() => this.#beat(), this.#heartbeat).unref();
    const { limits } = this;
    session.send({
      hello: { protocol: PROTOCOL_VERSION, session: session.id, heartbeat: this.#heartbeat, limits },
    });
    this.#deliver(session);
    return session;
  }

  /** Forgets a session whose link ended. */
  leave(session: Session): void {
    for (const topic of session.topics.keys()) this.unsubscribe(session, topic);
    this.#sessions.delete(session);
    this.#due.delete(session);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#heart);
    this.#heart = undefined;
  }

  /** Does what a client's frame says. */
  receive(session: Session, frame: ClientFrame): void {
    if ('subscribe' in frame) {
      for (const { topic = '', ...known } of frame.subscribe) this.subscribe(session, topic, known);
    } else if ('unsubscribe' in frame) {
      for (const topic of frame.unsubscribe) this.unsubscribe(session, topic);
    } else if ('ping' in frame) {
      session.ping(PING);
    } else {
      throw new VeloxError('bad-frame', 'the peer sent a second open frame.');
    }
  }

  subscribe(session: Session, topic: string, known: Partial<Position>): void {
    session.want(topic, known);
    let audience = this.#audiences.get(topic);
    if (!audience) this.#audiences.set(topic, (audience = new Set()));
    audience.add(session);
    this.#admit(session, topic);
  }

  unsubscribe(session: Session, topic: string): void {
    session.drop(topic);
    const audience = this.#audiences.get(topic);
    audience?.delete(session);
    if (audience?.size === 0) this.#audiences.delete(topic);
  }

  /** Ends all sessions with a goodbye; the endpoint takes no more. Clients come back as usual, to whoever listens then. */
  close(): void {
    this.closed = true;
    for (const session of this.#sessions) {
      session.close(CloseCode.goingAway, { code: 'going-away', reason: 'The server goes away.' });
    }
  }

  /** Ends a session for what its client did, or for what went wrong in serving it. */
  fail(session: Session, error: unknown): void {
    const known = isVeloxError(error);
    if (!known) report(error);
    session.close(known ? CloseCode.badFrame : CloseCode.internal, {
      code: known ? error.code : 'internal',
      reason: known ? error.message : 'The server failed.',
    });
  }

  #admit(session: Session, topic: string): void {
    const broadcast = this.#broadcasts.get(topic);
    if (broadcast) session.join(broadcast);
    else session.send({ denied: topic, code: 'not-found' });
    this.#deliver(session);
  }

  /** What one tick produces for a session leaves in one write: after all flushes of this tick. */
  #deliver(session: Session): void {
    if (this.#due.size === 0) {
      queueMicrotask(() => {
        const due = [...this.#due];
        this.#due.clear();
        for (const each of due) each.deliver();
      });
    }
    this.#due.add(session);
  }

  #beat(): void {
    for (const session of this.#sessions) session.ping(PING);
  }
}
