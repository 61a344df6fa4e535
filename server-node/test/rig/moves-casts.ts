import type { Hub } from '../../src/create-hub.js';
import { MovesLedger, type Verdict } from './moves-ledger.js';
import type { Client, Step } from './moves-model.js';

/** How long a client may take to tell its server that it has left a room and entered it again, in ms. */
const UNCLEAR_MS = 20_000;

type Session = ReturnType<Hub['sessions']>[number];

/** A room that clients enter by the application alone. */
export const TEAM = 'team';

/** The rooms that clients enter and leave. */
const ROOMS = ['red', 'slow', TEAM];

/** The events and calls that nodes send to clients, and who must receive them. */
export class MovesCasts {
  readonly #living: () => readonly Hub[];
  readonly #clients: readonly Client[];
  readonly #ledger = new MovesLedger();
  /** By node: all objects of sessions that `onConnect` was called with. */
  readonly #objects = new Map<Hub, Session[]>();
  /** The clients that the application wants in the team. */
  readonly #team = new Set<number>();
  /** By client and room: until when it is unclear whether the client is in the room, in ms. */
  readonly #unclear = new Map<string, number>();
  /** Calls whose outcome is wrong. */
  readonly #failed: string[] = [];

  constructor(living: () => readonly Hub[], clients: readonly Client[]) {
    this.#living = living;
    this.#clients = clients;
  }

  connected(hub: Hub, session: Session): void {
    this.#objects.set(hub, [...(this.#objects.get(hub) ?? []), session]);
  }

  /** All clients are in the team from the beginning. */
  begin(): void {
    for (const session of this.#living().flatMap((hub) => hub.sessions())) void session.join(TEAM);
    for (const client of this.#clients.keys()) this.#team.add(client);
  }

  /** A client enters or leaves a room. */
  changes(client: number, room: string): void {
    if (this.#isIn(client, room) === undefined)
      this.#unclear.set(`${client} ${room}`, performance.now() + UNCLEAR_MS);
    this.#ledger.changed(client, room);
  }

  /** Performs a step of the name `n`. */
  perform(step: Step, n: number): void {
    const hub = 'node' in step ? this.#living()[step.node % this.#living().length] : undefined;
    const all = (verdict: Verdict): Verdict[] => this.#clients.map(() => verdict);
    if (step.does === 'cast') {
      this.#ledger.note(`cast ${n}`, all('must'));
      hub?.to('all').emit('down', `cast ${n}`);
    } else if (step.does === 'down') {
      this.#ledger.note(`down ${n}`, all('never').with(step.client, 'must'));
      hub?.only(`c${step.client}`).emit('down', `down ${n}`);
    } else if (step.does === 'say') {
      this.#ledger.note(`say ${n}`, all('must').with(step.client, 'never'));
      this.#clients[step.client]?.sync.emit('say', { event: `say ${n}`, ms: step.ms });
    } else if (step.does === 'tell' && hub) {
      for (const room of ROOMS) {
        this.#noteRoom(`${n} to ${room}`, room, true);
        hub.to(room).emit('down', `${n} to ${room}`);
        this.#noteRoom(`${n} not in ${room}`, room, false);
        hub.to('all').notIn(room).emit('down', `${n} not in ${room}`);
      }
    } else if (step.does === 'call' && hub) {
      this.#noteRoom(`call ${n}`, step.room, true);
      void this.#callRoom(hub, step.room, `call ${n}`);
    } else if ('isFirst' in step && hub) this.#byObject(step, n, hub);
  }

  /** Uses an object of a client's session, which may have gone from the node of the object. */
  #byObject(step: Extract<Step, { isFirst: boolean }>, n: number, hub: Hub): void {
    const { client } = step;
    const objects = this.#objects.get(hub)?.filter(({ name }) => name === `c${client}`);
    const object = objects?.at(step.isFirst ? 0 : -1);
    if (!object) return;
    if (step.does === 'others') {
      this.#ledger.note(
        `others ${n}`,
        this.#clients.map((_, each) => (each === client ? 'never' : 'must')),
      );
      object.broadcast.emit('down', `others ${n}`);
    } else if (step.does === 'ask') {
      this.#ledger.note(
        `ask ${n}`,
        this.#clients.map((_, each) => (each === client ? 'must' : 'never')),
      );
      void this.#ask(object, `ask ${n}`);
    } else {
      const isIn = this.#isIn(client, TEAM);
      const isWanted = step.does === 'admit';
      // Otherwise two nodes would ask for opposite things at the same time.
      if (isIn === undefined || isIn === isWanted) return;
      this.changes(client, TEAM);
      if (isWanted) this.#team.add(client);
      else this.#team.delete(client);
      if (isWanted) void object.join(TEAM);
      else object.leave(TEAM);
    }
  }

  async #ask(object: Session, event: string): Promise<void> {
    const reply = await this.#reported(event, object.call('ask', event, { timeout: 15_000 }));
    if (reply !== undefined && reply !== object.name)
      this.#failed.push(`${event} was answered by ${String(reply)}`);
  }

  async #callRoom(hub: Hub, room: string, event: string): Promise<void> {
    const outcomes = await this.#reported(event, hub.to(room).call('ask', event, { timeout: 15_000 }));
    for (const { session, data } of outcomes ?? [])
      if (data !== session.name)
        this.#failed.push(`${event} to ${session.name} has the outcome ${String(data)}`);
  }

  async #reported<T>(event: string, call: Promise<T>): Promise<T | undefined> {
    try {
      return await call;
    } catch (error) {
      this.#failed.push(`${event} failed: ${(error as Error).message}`);
      return undefined;
    }
  }

  #noteRoom(event: string, room: string, isForMembers: boolean): void {
    const verdicts = this.#clients.map((_, client): Verdict => {
      const isIn = this.#isIn(client, room);
      return isIn === undefined ? 'may' : isIn === isForMembers ? 'must' : 'never';
    });
    this.#ledger.note(event, verdicts, room);
  }

  /** Whether a client is in a room; undefined if it enters or leaves it, or is on the move. */
  #isIn(client: number, room: string): boolean | undefined {
    const [session, ...others] = this.#living().flatMap((hub) => hub.only(`c${client}`).sessions());
    if (!session || others.length > 0) return undefined;
    if ((this.#unclear.get(`${client} ${room}`) ?? 0) > performance.now()) return undefined;
    const wanted: { has(name: string | number): boolean } =
      room === TEAM ? { has: () => this.#team.has(client) } : (this.#clients[client]?.rooms ?? new Set());
    const isIn = session.rooms.includes(room);
    return wanted.has(room) === isIn ? isIn : undefined;
  }

  /** The rooms in which a client must be in the end. */
  roomsOf(client: number): string[] {
    return [...(this.#clients[client]?.rooms.keys() ?? []), ...(this.#team.has(client) ? [TEAM] : [])];
  }

  violations(): string[] {
    return [
      ...this.#failed,
      ...this.#clients.flatMap(({ got }, client) => this.#ledger.violations(client, got)),
    ];
  }
}
