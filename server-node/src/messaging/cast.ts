import { CallError } from '@velox/core/protocol';
import { eventMessage } from '../sessions/event-message.js';
import { isHere } from '../sessions/redirect.js';
import type { Session } from '../sessions/session.js';
import { checkCall, type CallOptions, type Calls } from './calls.js';
import { checkCast, type CastOptions } from './emit-options.js';
import type { Names } from './names.js';
import type { FoundSessions, Outcome, Relay, RemoteSelection } from './relay.js';
import { roomList } from './room-list.js';
import type { Rooms } from './rooms.js';

/** The parts of a hub that a cast uses. */
export interface CastHost {
  readonly rooms: Rooms;
  readonly names: Names;
  readonly calls: Calls;
  /** All sessions of the hub. */
  readonly all: () => Iterable<Session>;
  /** Returns the application's handle of a session. */
  readonly handleOf: (session: Session) => object;
  readonly sessionOf: (handle: object) => Session;
  /** The way to the other nodes, if there are any. */
  readonly relay?: Relay | undefined;
}

/** A recipient: the handle of a session, or the name of sessions. */
export type Recipient = object | string;

/** Identifies the volatile events of which the newest one waits. */
export function volatileKey(channel: string, event: string, key: string): string {
  return JSON.stringify([channel, event, key]);
}

interface Selection {
  readonly rooms: readonly string[] | undefined;
  readonly notIn: readonly string[];
  readonly only: ReadonlySet<Session> | undefined;
  readonly except: ReadonlySet<Session>;
  /** Ids of further exceptions. */
  readonly exceptIds: readonly string[];
  readonly isVolatile: boolean;
  /** The names in `only` and `except`, which may have sessions on other nodes. */
  readonly onlyNames: readonly (readonly string[])[];
  readonly exceptNames: readonly string[];
}

const EVERYONE: Selection = {
  rooms: undefined,
  notIn: [],
  only: undefined,
  except: new Set(),
  exceptIds: [],
  isVolatile: false,
  onlyNames: [],
  exceptNames: [],
};

/** The recipients of an event or a call. Immutable: each method returns a narrower cast. */
export class Cast {
  readonly #host: CastHost;
  readonly #selection: Selection;

  constructor(host: CastHost, selection: Selection = EVERYONE) {
    this.#host = host;
    this.#selection = selection;
  }

  /** Adds the members of rooms; a member of several receives an event once. */
  to(rooms: string | readonly string[]): Cast {
    return this.#with({ rooms: [...(this.#selection.rooms ?? []), ...roomList('to()', rooms)] });
  }

  /** Leaves out the members of rooms. */
  notIn(rooms: string | readonly string[]): Cast {
    return this.#with({ notIn: [...this.#selection.notIn, ...roomList('notIn()', rooms)] });
  }

  /** Leaves out all but these. */
  only(who: Recipient | readonly Recipient[]): Cast {
    const chosen = this.#sessionsOf(who);
    const { only, onlyNames } = this.#selection;
    return this.#with({
      only: only ? new Set([...only].filter((session) => chosen.has(session))) : chosen,
      onlyNames: [...onlyNames, namesIn(who)],
    });
  }

  /** Leaves out these. */
  except(who: Recipient | readonly Recipient[]): Cast {
    const { except, exceptNames } = this.#selection;
    return this.#with({
      except: new Set([...except, ...this.#sessionsOf(who)]),
      exceptNames: [...exceptNames, ...namesIn(who)],
    });
  }

  /** Leaves out the sessions of these ids. */
  exceptIds(ids: readonly string[]): Cast {
    return this.#with({ exceptIds: [...this.#selection.exceptIds, ...ids] });
  }

  /** The same recipients, whose events may be lost: they are not kept for slow or absent clients. */
  get volatile(): Cast {
    return this.#with({ isVolatile: true });
  }

  /**
   * Sends an event, encoded once for all recipients of this node, and lets the other nodes send it to theirs.
   *
   * @returns the number of recipients on this node
   * @throws VeloxError `not-json`, `too-large`; then no recipient receives it.
   */
  emit(event: string, data: unknown, options: CastOptions = {}): number {
    checkCast(options);
    const { relay } = this.#host;
    const here = (): number => this.emitHere(event, data, options);
    if (!relay) return here();
    const { isVolatile, rooms, notIn } = this.#selection;
    const { key = '', channel = '' } = options;
    return relay.cast(here, { rooms, notIn }, this.#elsewhere, { event, data, isVolatile, key, channel });
  }

  /** Sends an event to the recipients of this node alone. */
  emitHere(event: string, data: unknown, { key = '', channel = '' }: CastOptions = {}): number {
    const { isVolatile } = this.#selection;
    const message = eventMessage(event, data, { channel, isVolatile });
    const sessions = this.recipients();
    const own = isVolatile ? volatileKey(channel, event, key) : '';
    for (const session of sessions) {
      if (isVolatile) session.sendVolatile(message, own);
      else session.send(message);
    }
    return sessions.length;
  }

  /**
   * Calls every recipient on all nodes. Resolves with the outcome of each; it does not reject because of a recipient.
   *
   * @throws VeloxError `not-json`, `too-large`, `unavailable`; then nothing was called.
   */
  async call(name: string, data: unknown, options?: CallOptions): Promise<Outcome[]> {
    checkCall(options);
    const found = this.#find();
    if (!found) return this.#callHere(this.present(), name, data, options);
    const { here, elsewhere } = await found;
    const others = this.#host.relay?.call(elsewhere, name, data, options);
    const [own, remote = []] = await Promise.all([this.#callHere(here, name, data, options), others]);
    return [...own, ...remote];
  }

  #callHere(
    recipients: readonly Session[],
    name: string,
    data: unknown,
    options: CallOptions | undefined,
  ): Promise<Outcome[]> {
    return Promise.all(
      recipients.map(async (recipient): Promise<Outcome> => {
        const session = this.#host.handleOf(recipient);
        try {
          return { session, data: await this.#host.calls.call(recipient, name, data, options) };
        } catch (error) {
          if (error instanceof CallError) return { session, error };
          throw error;
        }
      }),
    );
  }

  /** The recipients on this node now, each once. */
  sessions(): object[] {
    return this.present().map((session) => this.#host.handleOf(session));
  }

  /** The recipients on all nodes, each once. @throws VeloxError `unavailable`. */
  async fetchSessions(): Promise<object[]> {
    const found = await this.#find();
    if (!found) return this.sessions();
    return [...found.here.map((session) => this.#host.handleOf(session)), ...found.elsewhere];
  }

  /** How many recipients there are on all nodes. @throws VeloxError `unavailable`. */
  async fetchSize(): Promise<number> {
    const to = this.#elsewhere;
    const others = to && (await this.#host.relay?.count(to));
    return this.present().length + (others ?? 0);
  }

  /** The recipients that are on this node: they have not just moved, and have arrived. */
  present(): Session[] {
    return this.recipients().filter(isHere);
  }

  /** The recipients on other nodes; undefined if there can be none. */
  get #elsewhere(): RemoteSelection | undefined {
    const { rooms, notIn, except, onlyNames, exceptNames } = this.#selection;
    if (!onlyNames.every((names) => names.length > 0)) return undefined;
    // Other nodes have copies of sessions that have moved, and of no others.
    const moved = [...except].filter(({ redirect }) => redirect).map(({ id }) => id);
    const exceptIds = moved.length > 0 ? moved : undefined;
    return { rooms, notIn, only: onlyNames, except: exceptNames, exceptIds };
  }

  /** Finds the recipients on all nodes; undefined if there can be none on other nodes. */
  #find(): Promise<FoundSessions> | undefined {
    const to = this.#elsewhere;
    return to && this.#host.relay?.sessions(to, () => this.present());
  }

  /** The recipients now, each once. */
  recipients(): Session[] {
    const { rooms, notIn, only, except, exceptIds } = this.#selection;
    const { rooms: registry } = this.#host;
    const candidates = rooms ? this.#membersOf(rooms) : [...(only ?? this.#host.all())];
    // A session that has moved and come back is another object with the same id.
    const excepted = new Set([...exceptIds, ...[...except].map(({ id }) => id)]);
    if (!only && excepted.size === 0 && notIn.length === 0) return candidates;
    return candidates.filter(
      (session) =>
        (!only || only.has(session)) &&
        !excepted.has(session.id) &&
        !notIn.some((room) => registry.members(room).has(session)),
    );
  }

  /** A copy: the sets of members may change while it is used. */
  #membersOf(rooms: readonly string[]): Session[] {
    const { rooms: registry } = this.#host;
    const [room] = rooms;
    if (rooms.length === 1 && room !== undefined) return [...registry.members(room)];
    return [...new Set(rooms.flatMap((each) => [...registry.members(each)]))];
  }

  #with(change: Partial<Selection>): Cast {
    return new Cast(this.#host, { ...this.#selection, ...change });
  }

  #sessionsOf(who: Recipient | readonly Recipient[]): Set<Session> {
    return new Set(
      listOf(who).flatMap((each) =>
        typeof each === 'string' ? this.#host.names.sessions(each) : [this.#host.sessionOf(each)],
      ),
    );
  }
}

function namesIn(who: Recipient | readonly Recipient[]): string[] {
  return listOf(who).filter((each) => typeof each === 'string');
}

function listOf<T extends Recipient>(one: T | readonly T[]): readonly T[] {
  return Array.isArray(one) ? (one as readonly T[]) : [one as T];
}
