import { CallError, LONGEST_TIMER_MS, type CallFailure, type Carried } from '@velox/core/protocol';
import type { Hub } from '../hub/hub.js';
import type { CallOptions } from '../messaging/calls.js';
import type { Outcome, RemoteSession } from '../messaging/relay.js';
import { callMessage } from '../sessions/event-message.js';
import type { Session } from '../sessions/session.js';
import { decodeData, encodeData } from '../wire/binary.js';
import { INTERNAL } from '../wire/codes.js';
import { insist, type Asker } from './ask.js';
import { LATE_MS } from './moves.js';

/** How long the outcome of a call may travel, in ms, in addition to the time limit of the call. */
const TRAVEL_MS = 1_000;
/** How long a node repeats an outcome that is not acknowledged, in ms. */
const TELL_MS = 25_000;
/** How many nodes are asked, one after the other, for a session that moves. */
const MOST_HOPS = 5;

/** Where a session of another node is. */
export interface Location {
  readonly own: string;
  readonly node: string;
}

/** Asks a node to call some of its sessions. Its answer says to which nodes the others of them have moved. */
interface Order {
  readonly number: number;
  readonly sessions: readonly string[];
  readonly name: string;
  /** The data as the members of a frame, as JSON: it may have bytes. */
  readonly body: string;
  readonly timeout: number;
}

/** The outcome of one call. */
interface Told {
  readonly number: number;
  readonly own: string;
  readonly body?: string;
  readonly error?: CallFailure;
}

/** Sessions that a node was asked to call, and the nodes that they have moved to. */
type Moved = readonly (readonly [own: string, to: string])[];

type Settled = { readonly data: unknown } | { readonly error: CallError };

interface Waiting {
  node: string;
  readonly settle: (outcome: Settled) => void;
}

/** Calls of this node to sessions of other nodes, and those of other nodes to sessions here. */
export class RemoteCalls {
  readonly #hub: Hub;
  readonly #asker: Asker;
  readonly #nextOf: (own: string) => string | undefined;
  readonly #locations = new WeakMap<RemoteSession, Location>();
  /** By the number of the call and the own part of the session. */
  readonly #waiting = new Map<number, Map<string, Waiting>>();
  #last = 0;

  /** @param nextOf returns the node to which a session has gone from this one */
  constructor(hub: Hub, asker: Asker, nextOf: (own: string) => string | undefined) {
    this.#hub = hub;
    this.#asker = asker;
    this.#nextOf = nextOf;
    asker.letters.on('call', (order: Order, from) => this.#obey(order, from));
    asker.letters.on('outcome', (told: Told) => this.#hear(told));
    asker.peers.onGone((gone) => this.#giveUp(({ node }) => node === gone));
  }

  /** Gives up all calls to sessions of other nodes. */
  close(): void {
    this.#giveUp(() => true);
  }

  /** Notes where a session is. */
  place(session: RemoteSession, location: Location): void {
    this.#locations.set(session, location);
  }

  async callOne(location: Location, name: string, data: unknown, options?: CallOptions): Promise<unknown> {
    const [outcome] = (await this.#call([location], name, data, options)) as [Settled];
    if ('error' in outcome) throw outcome.error;
    return outcome.data;
  }

  /** Calls sessions, and resolves with the outcome of each. @throws VeloxError `not-json`, `too-large`. */
  async call(
    sessions: readonly RemoteSession[],
    name: string,
    data: unknown,
    options?: CallOptions,
  ): Promise<Outcome[]> {
    const locations = sessions.map((session) => this.#locations.get(session) as Location);
    const outcomes = await this.#call(locations, name, data, options);
    return sessions.map((session, n) => ({ session, ...(outcomes[n] as Settled) }));
  }

  async #call(
    locations: readonly Location[],
    name: string,
    data: unknown,
    { timeout = 10_000, signal }: CallOptions = {},
  ): Promise<Settled[]> {
    callMessage(name, data, 0); // throws if it cannot be sent
    const number = ++this.#last;
    const order = {
      number,
      name,
      body: `{${encodeData(data)}}`,
      timeout: Math.min(timeout, LONGEST_TIMER_MS),
    };
    const waiting = new Map<string, Waiting>();
    this.#waiting.set(number, waiting);
    const outcomes = locations.map(
      ({ own, node }) =>
        new Promise<Settled>((resolve) => {
          const settle: Waiting['settle'] = (outcome) => {
            if (waiting.delete(own)) resolve(outcome);
          };
          waiting.set(own, { node, settle });
        }),
    );
    const end = (error: CallError): void => {
      for (const { settle } of [...waiting.values()]) settle({ error });
    };
    const onAbort = (): void => end(new CallError('cancelled', 'the call was cancelled.'));
    const timer = setTimeout(
      () => end(unknownOutcome()),
      Math.min(timeout + TRAVEL_MS, LONGEST_TIMER_MS),
    ).unref();
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    this.#order(order, waiting);
    try {
      return await Promise.all(outcomes);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#waiting.delete(number);
    }
  }

  /** Asks the nodes of all sessions that wait. */
  #order(order: Omit<Order, 'sessions'>, waiting: ReadonlyMap<string, Waiting>): void {
    const byNode = new Map<string, string[]>();
    for (const [own, { node }] of waiting) byNode.set(node, [...(byNode.get(node) ?? []), own]);
    for (const [node, sessions] of byNode) void this.#send(node, { ...order, sessions }, waiting, MOST_HOPS);
  }

  async #send(
    node: string,
    order: Order,
    waiting: ReadonlyMap<string, Waiting>,
    hops: number,
  ): Promise<void> {
    const { letters, peers } = this.#asker;
    const isGone = peers.isGone(node) || hops === 0;
    // Asked once: the sessions are called at most once.
    const moved = isGone
      ? undefined
      : node === letters.node
        ? this.#obey(order, node)
        : ((await letters.ask(node, 'call', order, LATE_MS)) as Moved | undefined);
    if (!moved) {
      for (const own of order.sessions) waiting.get(own)?.settle({ error: unknownOutcome() });
      return;
    }
    for (const [own, to] of moved) {
      const found = waiting.get(own);
      if (!found) continue;
      found.node = to;
      void this.#send(to, { ...order, sessions: [own] }, waiting, hops - 1);
    }
  }

  #giveUp(isLost: (waiting: Waiting) => boolean): void {
    const all = [...this.#waiting.values()].flatMap((waiting) => [...waiting.values()]);
    for (const waiting of all) if (isLost(waiting)) waiting.settle({ error: unknownOutcome() });
  }

  /** Calls sessions of this node for another one. Returns the sessions that have moved, and where they went. */
  #obey({ sessions, ...order }: Order, from: string): Moved {
    return sessions.flatMap((own) => {
      const session = this.#hub.sessions.withOwnPart(own);
      const to = this.#nextOf(own);
      if (!session && to !== undefined) return [[own, to] as const];
      void this.#execute(session, order).then((outcome) => this.#tell(from, { ...outcome, own }));
      return [];
    });
  }

  async #execute(
    session: Session | undefined,
    { number, name, body, timeout }: Omit<Order, 'sessions'>,
  ): Promise<Omit<Told, 'own'>> {
    try {
      if (!session) throw new CallError('dropped', 'the session has ended. The call did not run.');
      const data = decodeData(JSON.parse(body) as Carried);
      const reply = await this.#hub.messaging.calls.call(session, name, data, { timeout });
      return { number, body: `{${encodeData(reply)}}` };
    } catch (error) {
      if (error instanceof CallError) {
        const { code, message, data } = error;
        return { number, error: { code, message, data } };
      }
      this.#hub.observer.failure(error);
      return { number, error: INTERNAL };
    }
  }

  #tell(to: string, told: Told): void {
    if (to === this.#asker.letters.node) this.#hear(told);
    else void insist(this.#asker, to, 'outcome', told, TELL_MS);
  }

  /** Returns an answer, so that the outcome is not told again. */
  #hear({ number, own, body, error }: Told): true {
    const settle = this.#waiting.get(number)?.get(own)?.settle;
    if (error) settle?.({ error: new CallError(error.code, error.message, error.data) });
    else settle?.({ data: decodeData(JSON.parse(body ?? '{}') as Carried) });
    return true;
  }
}

const unknownOutcome = (): CallError =>
  new CallError('unknown-outcome', 'the server of the session did not answer. The call may have run.');
