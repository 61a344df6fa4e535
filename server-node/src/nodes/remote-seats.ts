import type { ShownSeat, Sitter } from '../messaging/presence-room.js';

/** The seats of a room on one node. */
export interface Seats {
  readonly from: string;
  readonly room: string;
  /** Letters of a node have growing numbers. */
  readonly number: number;
  /** The number of the letter before, of whose seats these are the changes; without it, these are all. */
  readonly after?: number | undefined;
  /** null: the seat is free. */
  readonly seats: Readonly<Record<string, ShownSeat | null>>;
}

interface Remote {
  /** The number of the newest letter that was applied; 0: none. */
  last: number;
  /** The newest letter that could not be applied. */
  missed: number;
  readonly sitters: Map<string, { outlet: object | undefined }>;
}

/** The seats of a room on other nodes, according to their letters. */
export class RemoteSeats {
  readonly #show: (sitter: Sitter, seat: ShownSeat | undefined) => void;
  readonly #ask: (node: string) => void;
  readonly #nodes = new Map<string, Remote>();

  /**
   * @param show shows a seat, or that it is free
   * @param ask asks a node for all its seats
   */
  constructor(show: (sitter: Sitter, seat: ShownSeat | undefined) => void, ask: (node: string) => void) {
    this.#show = show;
    this.#ask = ask;
  }

  /** A node sends all its seats, or changes of them. */
  take({ from, number, after, seats }: Seats): void {
    let remote = this.#nodes.get(from);
    if (!remote) this.#nodes.set(from, (remote = { last: 0, missed: 0, sitters: new Map() }));
    if (number < remote.last || (number === remote.last && after !== undefined)) return;
    if (after !== undefined && after !== remote.last) {
      remote.missed = Math.max(remote.missed, number);
      return this.#ask(from);
    }
    if (after === undefined)
      for (const [key, sitter] of [...remote.sitters]) if (!seats[key]) this.#free(remote, key, sitter);
    for (const [key, seat] of Object.entries(seats)) this.#seat(remote, key, seat);
    remote.last = number;
    if (remote.missed > number) this.#ask(from);
  }

  /** A node is gone, and its sessions with it. */
  forget(node: string): void {
    const remote = this.#nodes.get(node);
    this.#nodes.delete(node);
    if (remote) for (const [key, sitter] of [...remote.sitters]) this.#free(remote, key, sitter);
  }

  clear(): void {
    for (const node of [...this.#nodes.keys()]) this.forget(node);
  }

  #seat(remote: Remote, key: string, seat: ShownSeat | null): void {
    const known = remote.sitters.get(key);
    if (!seat) {
      if (known) this.#free(remote, key, known);
      return;
    }
    const sitter = known ?? { outlet: undefined };
    sitter.outlet = seat.isAway ? undefined : {};
    remote.sitters.set(key, sitter);
    this.#show(sitter, seat);
  }

  #free(remote: Remote, key: string, sitter: Sitter): void {
    remote.sitters.delete(key);
    this.#show(sitter, undefined);
  }
}
