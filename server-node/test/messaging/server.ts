import { coreOf } from '../../src/core-of.js';
import { createHub, type Cast, type Hub, type Session } from '../../src/index.js';
import { LocalState } from '../../src/state/local-state.js';
import type { MemoryNetwork } from '../../src/testing/memory-network.js';
import { createRandom, type Random } from '../../src/testing/random.js';
import type { Watch } from '../simulation/watch.js';
import { Calls, OF_THE_APPLICATION } from './calls.js';
import { Notes } from './notes.js';
import { HALL, LANES, LOBBY, type CallPlan, type CastPlan, type Lane, type Plan, type Work } from './plan.js';
import { SessionRecord } from './received.js';
import type { Board } from './screen.js';

/** The context of a client. */
interface Context {
  readonly client: number;
}
type Handle = Session<Context>;

/** A session that lives, as the model sees it. */
interface Live {
  readonly record: SessionRecord;
  readonly handle: Handle;
  readonly rooms: Set<string>;
}

/** A note of a client. */
interface NoteData {
  readonly number: number;
}

/** A hub that is restarted now and then, and the model of what it sends to whom. */
export class SimulatedServer {
  readonly board: LocalState<Board>;
  readonly notes: Notes;
  /** The calls of clients, those of the server, and those that add rows. */
  readonly calls: Calls;
  readonly asked: Calls;
  readonly added: Calls;
  /** The clients that have ever joined a room by themselves. */
  readonly joiners: ReadonlyMap<string, Set<number>> = new Map(
    [HALL, LOBBY].map((room) => [room, new Set()]),
  );
  hub!: Hub;
  readonly #plan: Plan;
  readonly #network: MemoryNetwork;
  readonly #watch: Watch;
  readonly #random: Random;
  readonly #byId = new Map<string, SessionRecord>();
  readonly #records = new Map<object, SessionRecord>();
  #presence!: ReturnType<Hub['presence']>;
  /** The sessions of the present hub. */
  #live: Live[] = [];
  #casts = 0;

  constructor(plan: Plan, network: MemoryNetwork, watch: Watch) {
    this.#plan = plan;
    this.#network = network;
    this.#watch = watch;
    this.#random = createRandom(plan.seed, 62);
    this.board = new LocalState<Board>({ rows: [] }, { throttle: plan.settings.throttle });
    const now = (): number => network.time.now;
    this.notes = new Notes(watch, now, plan.settings.queue);
    this.calls = new Calls('call', watch, now);
    this.asked = new Calls('question', watch, now);
    this.added = new Calls('addition', watch, now);
    this.#start();
  }

  recordOf(id: string): SessionRecord {
    return this.#byId.get(id) as SessionRecord;
  }

  /** The sessions of a room, as the hub has them. */
  membersOf(room: string): SessionRecord[] {
    return this.hub
      .room(room)
      .sessions()
      .map((handle) => this.#records.get(handle) as SessionRecord);
  }

  /** The members that the hub shows in the lobby. */
  get lobby(): ReturnType<ReturnType<Hub['presence']>['members']> {
    return this.#presence.members(LOBBY);
  }

  /** The transport of a client's link. */
  transportOf(client: number): string | undefined {
    return this.#sessionsOf(client).find(({ handle }) => handle.transport)?.handle.transport;
  }

  tell(client: number, lane: Lane, times: number, pad: number): void {
    for (let time = 0; time < times; time++)
      for (const { record, handle } of this.#sessionsOf(client)) {
        const id = this.#nextCast(record, lane, pad);
        handle.emit('cast', { id, pad: 'x'.repeat(pad) }, { channel: lane || undefined });
      }
  }

  cast(plan: CastPlan): void {
    const { lane, pad, isVolatile } = plan;
    const from = plan.from === 'session' ? this.#sessionsOf(plan.client).at(-1) : undefined;
    for (let time = 0; time < plan.times; time++) {
      const cast = this.#castOf(plan, from?.handle);
      const recipients = cast.sessions().map((handle) => this.#records.get(handle) as SessionRecord);
      this.#checkRecipients(plan, from, recipients);
      const id = ++this.#casts;
      this.#watch.note(
        `server: event ${id} in "${lane}" to ${recipients.map(({ number }) => number).join()}`,
      );
      for (const record of recipients) record.expect(lane, id, pad + 60, isVolatile);
      const count = cast.emit('cast', { id, pad: 'x'.repeat(pad) }, { channel: lane || undefined });
      this.#watch.check(
        count === recipients.length,
        () => `event ${id} was sent to ${count} sessions, not to ${recipients.length}`,
      );
    }
  }

  /** Adds the sessions of a client to a room, or removes them. */
  admit(client: number, room: string, isAdmitted: boolean): void {
    for (const { handle, rooms } of this.#sessionsOf(client)) {
      if (isAdmitted) void handle.join(room);
      else handle.leave(room);
      rooms[isAdmitted ? 'add' : 'delete'](room);
    }
  }

  /** Calls the clients of some sessions. */
  ask(client: number, plan: CallPlan): void {
    const session = this.#sessionsOf(client).at(-1);
    if (session) this.#ask(session, plan);
  }

  /** Calls the members of a room. */
  survey(room: string, plan: CallPlan): void {
    const members = this.membersOf(room);
    for (const live of this.#live) if (members.includes(live.record)) this.#ask(live, plan);
  }

  write(): void {
    this.board.update(({ rows }) => void rows.push(`row-${rows.length}`));
  }

  dismiss(client: number): void {
    for (const { handle } of this.#sessionsOf(client)) handle.close('dismissed', 'Come back later.');
  }

  restart(isCrash: boolean): void {
    const former = this.hub;
    this.#watch.note(`server: restarted${isCrash ? ' after a crash' : ''}`);
    this.#start();
    if (isCrash) this.#network.cut();
    else void former.close();
  }

  #start(): void {
    const { heartbeat, patience, kept, overflow, rate } = this.#plan.settings;
    const live: Live[] = [];
    this.#live = live;
    const hub = createHub<never, Context>({
      heartbeat,
      patience,
      events: { count: kept, overflow },
      limits: { rate },
      authorize: ({ token }) => ({ client: Number(token) }),
      identify: ({ client }) => `client ${client}`,
      name: ({ client }) => nameOf(client),
      canJoin: ({ client }, room) => this.#canJoin(client, room),
      onConnect: (session) => {
        const { client } = session.context;
        const record = new SessionRecord(this.#records.size, client, kept);
        this.#watch.note(`server: ${record.name} began`);
        this.#records.set(session, record);
        this.#byId.set(coreOf('the simulation', hub).messaging.sessionOf(session).id, record);
        live.push({ record, handle: session, rooms: new Set() });
        session.channel(LANES[1]).on('note', (data) => this.#hear(record, LANES[1], data));
      },
      onDisconnect: (session, reason) => {
        const record = this.#records.get(session) as SessionRecord;
        this.#watch.note(`server: ${record.name} ended: ${reason}`);
        record.endedBy = reason;
        live.splice(
          live.findIndex((each) => each.record === record),
          1,
        );
      },
      logger: ({ level, event, error }) => {
        if (level !== 'error' || (error as Error)?.message === OF_THE_APPLICATION) return;
        this.#watch.fail(`server: ${event}: ${String((error as Error)?.stack ?? error)}`);
      },
    }) as Hub;
    this.hub = hub;
    hub.state('board', this.board);
    this.#presence = hub.presence({
      of: (session) => ({ id: nameOf((session.context as Context).client), name: 'someone' }),
    });
    hub.on('note', (session, data) => this.#hear(this.#recordOf(session), LANES[0], data));
    hub.answer('work', (session, data) => {
      const { id, ...work } = data as Work & { readonly id: number };
      return this.#reply(this.#recordOf(session), this.calls.perform(id, this.#recordOf(session), work));
    });
    hub.answer('add', (session, data) => {
      const { id, row, before, ...work } = data as Work & { id: number; row: string; before: number };
      const add = (): void => {
        if (work.end === 'reply') this.board.update(({ rows }) => void rows.push(row));
      };
      const record = this.#recordOf(session);
      return this.#reply(record, this.added.perform(id, record, { ...work, wait: before }, add, work.wait));
    });
    this.#network.serve(hub);
  }

  #recordOf(session: object): SessionRecord {
    return this.#records.get(session) as SessionRecord;
  }

  /** A reply takes its place among the events of a session. */
  #reply(record: SessionRecord, reply: Promise<unknown>): Promise<unknown> {
    record.count(60);
    return reply;
  }

  #canJoin(client: number, room: string): boolean | Promise<boolean> {
    const { doubt } = this.#plan.settings;
    const mayJoin = this.joiners.get(room)?.has(client) === true;
    if (doubt === 0) return mayJoin;
    const wait = this.#random.between(0, doubt);
    return new Promise((resolve) => setTimeout(resolve, wait)).then(() => mayJoin);
  }

  #hear(record: SessionRecord, lane: Lane, data: unknown): void {
    this.notes.hear(record, lane, (data as NoteData).number);
  }

  #ask({ record, handle }: Live, { wait, end, ...given }: CallPlan): void {
    record.count(60);
    // A session without a client never answers.
    const timeout = record.isTaken ? given.timeout : Math.min(given.timeout, 60_000);
    const plan = { ...given, timeout };
    this.asked.make(
      { ...plan, isIdempotent: false },
      () => record.endedBy !== undefined || !record.isWithinWindow,
      (id, signal) => handle.call('ask', { id, wait, end }, { timeout: plan.timeout, signal }),
    );
  }

  #nextCast(record: SessionRecord, lane: Lane, pad: number): number {
    const id = ++this.#casts;
    this.#watch.note(`server: event ${id} in "${lane}" to ${record.number}`);
    record.expect(lane, id, pad + 60, false);
    return id;
  }

  /** The recipients in the hub must be those of the model. */
  #checkRecipients(plan: CastPlan, from: Live | undefined, recipients: readonly SessionRecord[]): void {
    const { to, notIn, only, except } = plan;
    const isIn = ({ rooms }: Live, names: readonly string[]): boolean =>
      names.some((room) => rooms.has(room));
    const expected = this.#live.filter(
      (live) =>
        live !== from &&
        !isIn(live, notIn) &&
        !except.includes(live.record.client) &&
        (!only || only.includes(live.record.client)),
    );
    const says =
      (which: string, { name }: SessionRecord) =>
      () =>
        `a cast to ${to?.join() ?? 'everyone'} ${which} ${name}`;
    for (const record of recipients) {
      const live = expected.find((each) => each.record === record);
      const isMember = !to || (live && isIn(live, to)) || this.joiners.get(to[0] ?? '')?.has(record.client);
      this.#watch.check(live !== undefined && isMember === true, says('reaches', record));
    }
    if (to?.includes(HALL)) return; // its members are known only in the end
    for (const live of expected)
      if (!to || isIn(live, to))
        this.#watch.check(recipients.includes(live.record), says('misses', live.record));
  }

  #castOf({ to, notIn, only, except, isByName, isVolatile }: CastPlan, from: Handle | undefined): Cast {
    const who = (clients: readonly number[]): (string | Handle)[] =>
      isByName
        ? clients.map(nameOf)
        : clients.flatMap((client) => this.#sessionsOf(client).map(({ handle }) => handle));
    let cast = (from?.broadcast ?? this.hub) as Cast;
    if (to) cast = cast.to([...to]);
    if (notIn.length > 0) cast = cast.notIn([...notIn]);
    if (only) cast = cast.only(who(only));
    if (except.length > 0) cast = cast.except(who(except));
    return isVolatile ? cast.volatile : cast;
  }

  #sessionsOf(client: number): Live[] {
    return this.#live.filter(({ record }) => record.client === client);
  }
}

/** The public name of a client's sessions, and its id in the lobby. */
export const nameOf = (client: number): string => `c${client}`;
