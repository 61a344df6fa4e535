import { isHere } from '../sessions/redirect.js';
import type { Hub } from '../hub/hub.js';
import { checkCall } from '../messaging/calls.js';
import { checkEmit, type EmitOptions } from '../messaging/emit-options.js';
import { volatileKey } from '../messaging/cast.js';
import type { FoundSessions, Outcome, Relay, RemoteSelection, RemoteSession } from '../messaging/relay.js';
import { chooses } from '../messaging/room-selection.js';
import { eventMessage } from '../sessions/event-message.js';
import { packMessage } from '../sessions/packed-session.js';
import type { Session } from '../sessions/session.js';
import { askAll, type Asker } from './ask.js';
import { castOf } from './casts.js';
import type { Departures } from './departures.js';
import { ANSWER_MS, type Act, type PassedMessage } from './moves.js';
import type { RemoteCalls } from './remote-calls.js';
import { ownPart } from './session-id.js';

/** A session as one node describes it to another. */
interface Described {
  readonly own: string;
  /** The node that has it: another one if it has just moved. */
  readonly node: string;
  readonly name: string;
  readonly identity?: string | undefined;
  readonly transport?: string | undefined;
  readonly rooms: readonly string[];
}

/** Lets the application read, call and close sessions that are on other nodes. */
export class Recipients implements Omit<Relay, 'cast'> {
  readonly #hub: Hub;
  readonly #asker: Asker;
  readonly #departures: Departures;
  readonly #calls: RemoteCalls;

  constructor(hub: Hub, asker: Asker, departures: Departures, calls: RemoteCalls) {
    this.#hub = hub;
    this.#asker = asker;
    this.#departures = departures;
    this.#calls = calls;
    const { letters } = asker;
    letters.on('sessions', (to: RemoteSelection) => this.#describeAll(to));
    letters.on('count', (to: RemoteSelection) => castOf(hub, to).present().length);
  }

  sessions(to: RemoteSelection, here: () => readonly Session[]): Promise<FoundSessions> | undefined {
    const { peers } = this.#asker;
    const mayBeOthers = peers.alive.length > 0 || peers.isAlone || peers.whenHeard() !== undefined;
    return mayBeOthers ? this.#find(to, here) : undefined;
  }

  async count(to: RemoteSelection): Promise<number> {
    const counts = await askAll(this.#asker, 'count', to);
    return [...counts.values()].reduce<number>((sum, count) => sum + Number(count), 0);
  }

  call(...given: Parameters<Relay['call']>): Promise<Outcome[]> {
    return this.#calls.call(...given);
  }

  async #find(to: RemoteSelection, here: () => readonly Session[]): Promise<FoundSessions> {
    const answers = await askAll(this.#asker, 'sessions', to);
    const left = await this.#leftSince(to, answers);
    const own = new Map(here().map((session) => [ownPart(session), session]));
    // This node describes its own sessions last, because some may have left it after the other nodes had answered.
    answers.set(this.#asker.letters.node, this.#describeAll(to));
    const elsewhere = new Map<string, Described>();
    for (const [node, described] of answers)
      for (const each of described as Described[]) {
        // Both nodes describe a session that moves. The description of the node that has the session applies.
        const isFresh = each.node === node || !(elsewhere.has(each.own) || left.has(each.own));
        if (isFresh && this.#isElsewhere(each)) elsewhere.set(each.own, each);
      }
    for (const known of own.keys()) elsewhere.delete(known);
    return {
      here: [...own.values()],
      elsewhere: [...elsewhere.values()].map((each) => this.#remote(each)),
    };
  }

  /**
   * The sessions that have left the rooms of a selection since they moved, by the own parts of their ids. A former node describes a session
   * with the rooms that it had there, so the new one is asked.
   */
  async #leftSince(to: RemoteSelection, answers: ReadonlyMap<string, unknown>): Promise<Set<string>> {
    const { letters } = this.#asker;
    const all = [...answers, [letters.node, this.#describeAll(to)] as const];
    const moved = all.flatMap(([by, described]) =>
      (described as Described[]).filter(({ node }) => node !== by && node !== letters.node),
    );
    const asked = [...new Set(moved.map(({ node }) => node))].map(async (node) => {
      const names = moved.filter((each) => each.node === node).map(({ name }) => name);
      const named: RemoteSelection = { notIn: [], only: [names], except: [] };
      const found = (await letters.ask(node, 'sessions', named, ANSWER_MS)) as Described[] | undefined;
      return found?.filter((each) => each.node === node && !chooses(to, new Set(each.rooms))) ?? [];
    });
    return new Set((await Promise.all(asked)).flat().map(({ own }) => own));
  }

  /** Whether a session is not on this node; one that arrives here is reached as if it were on another one. */
  #isElsewhere({ own, node }: Described): boolean {
    const session = this.#hub.sessions.withOwnPart(own);
    return node !== this.#asker.letters.node || (!!session && !isHere(session));
  }

  #describeAll(to: RemoteSelection): Described[] {
    const recipients = castOf(this.#hub, to).recipients();
    return recipients.flatMap((session) => this.#describe(session) ?? []);
  }

  /** Undefined for a session that another node still has. */
  #describe(session: Session): Described | undefined {
    const own = ownPart(session);
    const node = isHere(session) ? this.#asker.letters.node : this.#departures.nextOf(own);
    if (node === undefined) return undefined;
    const { name, identity, transport } = session;
    return { own, node, name, identity, transport, rooms: this.#hub.messaging.rooms.of(session) };
  }

  #remote({ own, node, name, identity, transport, rooms }: Described): RemoteSession {
    const { letters } = this.#asker;
    const act = (passed: Act): Promise<void> => this.#departures.act({ own, ...passed }, node);
    const actIn = async (kind: 'join' | 'leave', given: string | readonly string[]): Promise<void> => {
      await Promise.all([given].flat().map((room) => act({ act: kind, room })));
    };
    const remote: RemoteSession = {
      ...{ name, identity, transport, rooms },
      emit: (event, data, options) => {
        checkEmit(options);
        letters.tell(node, 'pass', passedMessage(own, event, data, options));
        return 'queued';
      },
      call: (call, data, options) => {
        checkCall(options);
        return this.#calls.callOne({ own, node }, call, data, options);
      },
      join: (given) => actIn('join', given),
      leave: (given) => void actIn('leave', given),
      close: (code = 'closed', reason = 'The server closed the session.') =>
        void act({ act: 'close', code, reason }),
    };
    this.#calls.place(remote, { own, node });
    return remote;
  }
}

function passedMessage(
  own: string,
  event: string,
  data: unknown,
  { channel = '', key = '', volatile: isVolatile = false }: EmitOptions = {},
): PassedMessage {
  const message = packMessage(eventMessage(event, data, { channel, isVolatile }));
  const how = isVolatile ? { volatileKey: volatileKey(channel, event, key) } : { isUrgent: true };
  return { own, message, ...how };
}
