import { CallError, VeloxError, type PresenceMember } from '@velox/core/protocol';
import { LocalState } from '../state/local-state.js';

/** A session in a room, here or on another node. */
export interface Sitter {
  /** Undefined without a link. */
  readonly outlet?: unknown;
}

/** A session as the application shows it. */
export interface Shown {
  readonly id: string;
  readonly who: object;
}

/** A seat as other nodes see it. */
export interface ShownSeat extends Shown {
  readonly name: string;
  /** When the member entered, in ms since 1970. */
  readonly since: number;
  readonly isAway: boolean;
  readonly mine?: unknown;
}

/** One session of a member. */
interface Seat {
  readonly id: string;
  readonly name: string;
  /** Its own data, and its bytes as JSON; undefined: none was set. */
  mine?: { readonly value: unknown; readonly size: number; readonly order: number };
}

type Mutable = { -readonly [K in keyof PresenceMember]: PresenceMember[K] } & { at: Record<string, unknown> };

/** JSON Pointers of patches must not contain these. */
const UNSAFE = ['__proto__', 'constructor', 'prototype'];

/** A late joiner gets the value, so few steps are worth keeping. */
const HISTORY = { revisions: 100, size: 64 * 1024 };

/** The members of one room as a state. A member has one entry, and a seat for each of its sessions. */
export class PresenceRoom {
  readonly state: LocalState<Record<string, Mutable>>;
  readonly #seats = new Map<Sitter, Seat>();
  readonly #members = new Map<string, Set<Sitter>>();
  #order = 0;

  /** @param throttle least time between two deliveries, in ms */
  constructor(throttle: number) {
    this.state = new LocalState({}, { throttle, keep$: true, history: HISTORY, ownership: 'owned' });
  }

  /** How many members there are. */
  get size(): number {
    return this.#members.size;
  }

  /**
   * Adds a session, or shows its new data.
   *
   * @throws VeloxError `unsafe-key`, `not-json`, `too-deep`. Nothing has changed then.
   */
  enter(session: Sitter, { id, who }: Shown, name: string, since: number = Date.now()): void {
    for (const key of [id, name]) {
      if (!UNSAFE.includes(key)) continue;
      throw new VeloxError('unsafe-key', `presence cannot show "${key}" as an id or name. Prefix it.`);
    }
    this.state.update((members) => {
      const member = Object.hasOwn(members, id) ? members[id] : undefined; // not that of Object.prototype
      if (!member) return void (members[id] = { who, since, at: {} });
      if (since < member.since) member.since = since;
      if (JSON.stringify(member.who) !== JSON.stringify(who)) member.who = who;
    });
    const former = this.#seats.get(session);
    if (former && former.id !== id) this.leave(session);
    this.#seats.set(session, { ...former, id, name });
    const sessions = this.#members.get(id);
    if (sessions) sessions.add(session);
    else this.#members.set(id, new Set([session]));
    if (former && former.id !== id && former.mine) this.#showNewest(id, name);
    this.#showLinks(id);
  }

  /** Removes a session; its member goes with the last one. */
  leave(session: Sitter): void {
    const seat = this.#seats.get(session);
    if (!seat) return;
    const { id, name } = seat;
    this.#seats.delete(session);
    const sessions = this.#members.get(id);
    sessions?.delete(session);
    if (sessions?.size !== 0) {
      if (seat.mine) this.#showNewest(id, name);
      return this.#showLinks(id);
    }
    this.#members.delete(id);
    this.state.update((members) => void delete members[id]);
  }

  /** A session has received a link, or has lost it. */
  linked(session: Sitter): void {
    const seat = this.#seats.get(session);
    if (seat) this.#showLinks(seat.id);
  }

  /**
   * Shows a session's own data; undefined removes it.
   *
   * @param limit the most bytes of a member's data
   * @throws CallError `too-large`; VeloxError `not-json`, `too-deep`. Nothing has changed then.
   */
  set(session: Sitter, value: unknown, limit: number): void {
    const seat = this.#seats.get(session);
    if (!seat) return;
    const { id, name } = seat;
    if (value === undefined) {
      delete seat.mine;
      return this.#showNewest(id, name);
    }
    const size = Buffer.byteLength(JSON.stringify(value) ?? '');
    let sum = size;
    for (const other of this.#members.get(id) ?? [])
      if (other !== session) sum += this.#seats.get(other)?.mine?.size ?? 0;
    if (sum > limit) {
      throw new CallError('too-large', `the data of a member has more than ${limit} bytes. Send less.`);
    }
    this.state.update((members) => void (members[id]!.at[name] = value));
    seat.mine = { value, size, order: ++this.#order };
  }

  /** A session as other nodes see it; undefined if it is not in the room. */
  seatOf(session: Sitter): ShownSeat | undefined {
    const seat = this.#seats.get(session);
    if (!seat) return undefined;
    const { id, name, mine } = seat;
    const { who, since } = this.state.get()[id] as Mutable;
    return {
      id,
      who: who as object,
      name,
      since,
      isAway: !session.outlet,
      ...(mine && { mine: mine.value }),
    };
  }

  /** Sessions may share a name: the newest data of them is shown. */
  #showNewest(id: string, name: string): void {
    let newest: Seat['mine'];
    for (const session of this.#members.get(id) ?? []) {
      const seat = this.#seats.get(session);
      if (seat?.name === name && seat.mine && seat.mine.order > (newest?.order ?? 0)) newest = seat.mine;
    }
    this.state.update((members) => {
      const { at } = members[id]!;
      if (newest) at[name] = newest.value;
      else delete at[name];
    });
  }

  #showLinks(id: string): void {
    const isAway = ![...(this.#members.get(id) ?? [])].some((session) => session.outlet);
    if (isAway === (this.state.get()[id]?.away === true)) return;
    this.state.update((members) => {
      if (isAway) members[id]!.away = true;
      else delete members[id]!.away;
    });
  }
}
