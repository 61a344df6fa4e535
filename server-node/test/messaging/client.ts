import { connect, presenceOf, type Presence, type Replica, type Sync } from '@velox/core';
import { optimistic } from '@velox/core/optimistic';
import { isDeepStrictEqual } from 'node:util';
import type { MemoryNetwork } from '../../src/testing/memory-network.js';
import type { Path } from '../../src/testing/memory-path.js';
import { EventNumbers } from '../simulation/event-numbers.js';
import type { Watch } from '../simulation/watch.js';
import { waysOf } from '../simulation/ways.js';
import { HALL, LANES, LOBBY, type CallPlan, type Lane, type Plan, type Work } from './plan.js';
import type { SessionRecord } from './received.js';
import { Screen, type Board } from './screen.js';
import { nameOf, type SimulatedServer } from './server.js';

/** How long an application waits to connect again after the server has ended its session, in ms. */
const SENT_AWAY = 1_000;

/** The data that a client shows in the lobby. */
interface Mine {
  readonly move: number;
}

/** A client of the simulation: the real one, and its expectations. */
export class SimulatedClient {
  readonly index: number;
  readonly path: Path;
  readonly sync: Sync;
  readonly #server: SimulatedServer;
  readonly #watch: Watch;
  readonly #board: Replica<Board>;
  readonly #screen: Screen;
  readonly #presence: Presence<Mine>;
  #record: SessionRecord | undefined;
  /** How many sessions it has had. */
  #sessions = 0;
  #reconnection: { readonly recovered: boolean } | undefined;
  #leaveHall: (() => void) | undefined;
  #leaveLobby: (() => void) | undefined;
  #moves = 0;
  #rows = 0;
  /** How often it has called the hub for a room. It may do so again on each link, and the replies take their places among the events. */
  #hubCalls = 0;
  /** How long a call that adds a row waits: only over tight limits may its reply be lost while the session lives. */
  readonly #patience: number;

  constructor(index: number, plan: Plan, network: MemoryNetwork, server: SimulatedServer, watch: Watch) {
    const name = `client-${index}`;
    this.index = index;
    this.#server = server;
    this.#watch = watch;
    this.#patience = plan.settings.kept < 1_000 ? 60_000 : Infinity;
    this.path = network.path(name);
    this.sync = connect(network.urlOf(name), {
      transports: waysOf(plan.way, network),
      auth: () => String(index),
      events: { count: plan.settings.queue },
    });
    const numbers = new EventNumbers(name, watch, () => this.#record?.isWithinWindow === false);
    this.sync.onReconnect((reconnection) => (this.#reconnection = reconnection));
    this.sync.onFrame((frame) => {
      if ('hello' in frame) this.#onHello(frame.hello.session);
      numbers.see(frame);
    });
    for (const lane of LANES) {
      const source = lane === '' ? this.sync : this.sync.channel(lane);
      source.on('cast', (data) => this.#onCast(lane, (data as { readonly id: number }).id));
    }
    this.sync.answer('ask', (data) => {
      const { id, ...work } = data as Work & { readonly id: number };
      return server.asked.perform(id, this.#record as SessionRecord, work);
    });
    this.sync.status.subscribe(() => {
      const { state, transport, reason } = this.sync.status.get();
      watch.note(`${name}: ${state} ${transport ?? ''} ${reason?.code ?? ''}`);
      if (state === 'closed') setTimeout(() => this.sync.reconnect(), SENT_AWAY);
    });
    this.#screen = new Screen(name, watch);
    this.#board = this.sync.replica<Board>('board');
    this.#board.subscribe(() => {
      const { rows = [] } = this.#board.get() ?? {};
      watch.note(`${name}: shows ${rows.join(' ')}`);
      this.#screen.show(rows);
    });
    this.#presence = presenceOf<Mine>(this.sync, LOBBY);
    this.#presence.subscribe(() => undefined);
  }

  note(lane: Lane, times: number, pad: number): void {
    const { notes } = this.#server;
    for (let time = 0; time < times; time++) {
      const number = notes.send(this.index, lane);
      this.sync.emit(
        'note',
        { number, pad: 'x'.repeat(pad) },
        { channel: lane, onDrop: (code) => notes.drop(this.index, lane, number, code) },
      );
    }
  }

  call({ wait, end, ...plan }: CallPlan): void {
    const { calls } = this.#server;
    const { timeout, isIdempotent: idempotent } = plan;
    calls.make(plan, this.#sessionWatch(), (id, signal) =>
      this.sync.call('work', { id, wait, end }, { timeout, idempotent, signal }),
    );
  }

  /** Adds a row, and shows it before the server has it. */
  add({ before, wait, end }: Work & { readonly before: number }): void {
    const row = `${this.index}-${++this.#rows}`;
    this.#screen.call(row);
    const plan = { timeout: this.#patience, isIdempotent: false };
    const change = optimistic(this.#board, ({ rows }) => rows.push(row));
    this.#server.added.make(
      plan,
      this.#sessionWatch(),
      (id) =>
        this.sync.call('add', { id, row, before, wait, end }, { timeout: plan.timeout, optimistic: change }),
      (fate) => this.#screen.ended(row, fate),
    );
  }

  join(): void {
    this.#server.joiners.get(HALL)?.add(this.index);
    this.#callsHub();
    this.#leaveHall ??= this.sync.join(HALL);
  }

  leave(): void {
    this.#callsHub();
    this.#leaveHall?.();
    this.#leaveHall = undefined;
  }

  enter(): void {
    this.#server.joiners.get(LOBBY)?.add(this.index);
    this.#callsHub();
    this.#leaveLobby ??= this.#presence.enter({ move: ++this.#moves });
  }

  move(): void {
    if (this.#leaveLobby) this.#presence.set({ move: ++this.#moves });
  }

  exit(): void {
    this.#callsHub();
    this.#leaveLobby?.();
    this.#leaveLobby = undefined;
  }

  /** Whether it wants to be in a room. */
  wants(room: string): boolean {
    return (room === HALL ? this.#leaveHall : this.#leaveLobby) !== undefined;
  }

  /** The session that it has. */
  get record(): SessionRecord | undefined {
    return this.#record;
  }

  /** The data that it shows in the lobby. */
  get mine(): Mine {
    return { move: this.#moves };
  }

  /** The missing part, when nothing goes wrong any more; undefined: nothing. */
  missing(): string | undefined {
    const { state } = this.sync.status.get();
    if (state !== 'open') return `it is ${state}`;
    const record = this.#record as SessionRecord;
    const dropped = this.sync.dropped.get();
    const { missing } = record;
    if (missing > 0 && record.isWithinWindow) return `${missing} events did not arrive within the window`;
    if (missing > dropped) return `${missing} events did not arrive, ${dropped} of them knowingly`;
    return (
      this.#server.notes.missing(this.index) ??
      this.#screen.missing(this.#server.board.get()) ??
      this.#missingInLobby()
    );
  }

  #missingInLobby(): string | undefined {
    if (!this.#leaveLobby) return undefined;
    const others = Object.entries(this.#server.lobby).filter(([id]) => id !== nameOf(this.index));
    const shown = this.#presence.get();
    if (isDeepStrictEqual(shown, Object.fromEntries(others))) return undefined;
    return `it shows ${JSON.stringify(shown)} in the lobby, not ${JSON.stringify(Object.fromEntries(others))}`;
  }

  /** Returns whether the session of a call has ended since, or its frame was dropped. */
  #sessionWatch(): () => boolean {
    const [sessions, dropped] = [this.#sessions, this.sync.dropped.get()];
    return () => this.#sessions !== sessions || this.sync.dropped.get() > dropped;
  }

  #onHello(session: string): void {
    const former = this.#record;
    const record = this.#server.recordOf(session);
    this.#record = record;
    for (let call = 0; call < this.#hubCalls; call++) record.count(60);
    if (record === former) return;
    record.isTaken = true;
    this.#watch.note(`client-${this.index}: has ${record.name}`);
    this.#sessions++;
    this.#watch.check(
      !former || this.#reconnection?.recovered === false,
      () => `client ${this.index} was not told that its session is new`,
    );
  }

  #callsHub(): void {
    this.#hubCalls++;
    this.#record?.count(60);
  }

  #onCast(lane: Lane, id: number): void {
    this.#watch.note(`client-${this.index}: received ${id} in "${lane}"`);
    this.#record?.receive(lane, id, () => this.sync.dropped.get(), this.#watch);
  }
}
