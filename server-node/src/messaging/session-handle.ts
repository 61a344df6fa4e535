import type { Session } from '../sessions/session.js';
import { Cast, type CastHost } from './cast.js';
import type { CallOptions } from './calls.js';

/** The functions of a hub that a session's handle needs. */
export interface SessionHost extends CastHost {
  readonly close: (session: Session, code: string, reason: string) => void;
}

/** By the handle that the application has. */
const sessions = new WeakMap<SessionHandle, Session>();

/** Returns the session behind a handle. */
export function sessionOf(handle: SessionHandle): Session {
  return sessions.get(handle) as Session;
}

/** One client, as the application sees it. */
export class SessionHandle {
  /** The application's own data about the client. */
  data: unknown = {};
  readonly #host: SessionHost;
  readonly #session: Session;
  /** The rooms in which the session ended. */
  #lastRooms: readonly string[] | undefined;

  constructor(host: SessionHost, session: Session) {
    this.#host = host;
    this.#session = session;
    sessions.set(this, session);
  }

  get context(): unknown {
    return this.#session.context;
  }

  get identity(): string | undefined {
    return this.#session.identity;
  }

  get transport(): string | undefined {
    return this.#session.transport;
  }

  get name(): string {
    return this.#host.names.of(this.#session);
  }

  get rooms(): readonly string[] {
    return this.#lastRooms ?? this.#host.rooms.of(this.#session);
  }

  /** Everyone but this client. */
  get broadcast(): Cast {
    return new Cast(this.#host).except(this);
  }

  /** Keeps the rooms for the callbacks that run after the end of the session. */
  end(): void {
    this.#lastRooms = this.rooms;
  }

  emit(event: string, data: unknown): void {
    this.#session.emit(event, data);
  }

  call(name: string, data: unknown, options?: CallOptions): Promise<unknown> {
    return this.#host.calls.call(this.#session, name, data, options);
  }

  join(rooms: string | readonly string[]): void {
    if (this.#session.hasEnded) return;
    for (const room of [rooms].flat()) this.#host.rooms.join(this.#session, room);
  }

  leave(rooms: string | readonly string[]): void {
    for (const room of [rooms].flat()) this.#host.rooms.leave(this.#session, room);
  }

  /** The members of rooms, except for this client. */
  to(rooms: string | readonly string[]): Cast {
    return this.broadcast.to(rooms);
  }

  close(code = 'closed', reason = 'The server closed the session.'): void {
    this.#host.close(this.#session, code, reason);
  }
}
