import type { Watch } from '../simulation/watch.js';
import { LANES, type Lane } from './plan.js';

/** The events to one session in one lane, and how many of them its client has taken. */
interface Expected {
  readonly positions: Map<number, number>;
  taken: number;
}

/** What a hub and its client exchange in one session. */
export class SessionRecord {
  readonly number: number;
  readonly client: number;
  /** Its name in the log. */
  readonly name: string;
  /** Whether its client has it: a request that a proxy repeats opens one that nobody has. */
  isTaken = false;
  /** Why it ended; undefined while it lives. */
  endedBy: string | undefined;
  /** The newest note of the client, by lane. */
  readonly heard = new Map<Lane, number>();
  /** How many events the client did not receive although it has later ones. */
  missed = 0;
  /** All events and their bytes. */
  #count = 0;
  #bytes = 0;
  readonly #kept: number;
  readonly #lanes = new Map<Lane, Expected>();
  readonly #volatile = new Set<number>();

  constructor(number: number, client: number, kept: number) {
    this.number = number;
    this.client = client;
    this.name = `session ${number} of client ${client}`;
    this.#kept = kept;
    for (const lane of LANES) this.#lanes.set(lane, { positions: new Map(), taken: 0 });
  }

  /** Whether all events fit into the window, so that none may be lost. */
  get isWithinWindow(): boolean {
    return this.#count <= this.#kept && this.#bytes < 1 << 19;
  }

  /** Notes a numbered frame beside events, such as a reply. */
  count(bytes: number): void {
    this.#count++;
    this.#bytes += bytes;
  }

  expect(lane: Lane, id: number, bytes: number, isVolatile: boolean): void {
    if (isVolatile) return void this.#volatile.add(id);
    const { positions } = this.#lanes.get(lane) as Expected;
    if (!positions.has(id)) positions.set(id, positions.size + 1);
    this.count(bytes);
  }

  /** Checks an event that the client received: its turn in the lane, and that each gap was reported. */
  receive(lane: Lane, id: number, dropped: () => number, watch: Watch): void {
    if (this.#volatile.delete(id)) return;
    const expected = this.#lanes.get(lane) as Expected;
    const at = expected.positions.get(id);
    const says = (what: string) => () => `${this.name} received event ${id}${lane && ` in ${lane}`} ${what}`;
    watch.check(at !== undefined, says('that is not for it, or was received before'));
    if (at === undefined) return;
    watch.check(at > expected.taken, says('twice, or after a later one'));
    const gap = at - expected.taken - 1;
    this.missed += Math.max(gap, 0);
    watch.check(gap <= 0 || !this.isWithinWindow, says(`after a gap of ${gap} within the window`));
    watch.check(gap <= 0 || dropped() > 0, says(`after a gap of ${gap} that was not reported`));
    expected.taken = Math.max(at, expected.taken);
  }

  /** How many events the client has not received. */
  get missing(): number {
    let sum = this.missed;
    for (const { positions, taken } of this.#lanes.values()) sum += positions.size - taken;
    return sum;
  }
}
