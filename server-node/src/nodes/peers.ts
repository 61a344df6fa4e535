import type { Bus } from '../cluster/bus.js';
import type { Unsubscribe } from '../cluster/log.js';
import { ClusterClock } from './cluster-clock.js';
import { ANSWER_MS, LATE_MS } from './moves.js';
import { Round } from './round.js';

const SUBJECT = 'velox nodes';
/** How often a node renews its lease, and the silence after which it counts as dead, in ms. */
const EVERY_MS = 2_000;
const LEASE_MS = LATE_MS;
/** How long a node that was never heard may take to answer, or its lease to arrive, in ms. */
const STRANGER_MS = EVERY_MS;
/** The silence of its own leases after which a node is cut off from the bus, in ms. */
const ALONE_MS = 2 * EVERY_MS;
/** How long the bus may take to carry the first lease of a node that starts, in ms: less than a client waits until its link opens. */
const START_MS = 3_000;
/** How much later than this node the others may reach the bus after it was away, and answer, in ms. */
const RETURN_MS = EVERY_MS + ANSWER_MS;

interface Lease {
  readonly node: string;
  readonly is: 'alive' | 'gone';
  /** Whether the node has just started: the others need not wait for their next leases. */
  readonly asks?: boolean;
  /** The time of the cluster, in ms. */
  readonly at: number;
}

/** Which nodes of the cluster live: each renews a lease. */
export class Peers {
  readonly clock: ClusterClock = new ClusterClock();
  readonly #node: string;
  readonly #bus: Bus;
  readonly #onGone: ((node: string) => void)[] = [];
  readonly #onReturn: ((node: string) => void)[] = [];
  /** When each node was last heard, in ms of `performance.now`; -Infinity for one that has said goodbye. */
  readonly #heardAt = new Map<string, number>();
  /** The nodes that were never heard, and whose leases are waited for. */
  readonly #awaited = new Set<{ readonly node: string; readonly round: Round }>();
  /** When this node heard itself, in ms of `performance.now`; -Infinity before the first time. */
  #echoAt = -Infinity;
  readonly #round = new Round();
  #unsubscribe: Unsubscribe | undefined;
  #isSubscribing = false;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(node: string, bus: Bus) {
    this.#node = node;
    this.#bus = bus;
    this.#round.endIn(START_MS);
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), EVERY_MS).unref();
  }

  /** Calls back once for each node that has died or said goodbye. */
  onGone(callback: (node: string) => void): void {
    this.#onGone.push(callback);
  }

  /** Calls back each time a node is heard that counted as dead: one of the two, or the bus, stood still for a while. */
  onReturn(callback: (node: string) => void): void {
    this.#onReturn.push(callback);
  }

  /** How long a node may take to answer, in ms. One that lives may be busy; one that was never heard may not exist. */
  patienceFor(node: string): number {
    return this.#heardAt.has(node) && !this.isGone(node) ? LEASE_MS : STRANGER_MS;
  }

  /**
   * Resolves when the other nodes that live have had the time to say so. Undefined if there is nothing to wait for: they have had it, or the
   * bus fails.
   */
  whenHeard(): Promise<void> | undefined {
    return this.#round.ended;
  }

  /** The other nodes that live, as far as they were heard: complete after `whenHeard`. */
  get alive(): string[] {
    return [...this.#heardAt.keys()].filter((node) => !this.isGone(node));
  }

  /** Whether this node does not even hear itself: the bus fails, and the other nodes may live. Known before they count as dead. */
  get isAlone(): boolean {
    return performance.now() - this.#echoAt > ALONE_MS;
  }

  /** Whether a node was heard before and is no longer. A node that was never heard may live. */
  isGone(node: string): boolean {
    const heardAt = this.#heardAt.get(node);
    return heardAt !== undefined && performance.now() - heardAt > LEASE_MS;
  }

  /**
   * Whether a node may live. A node that was never heard may have just started, or a client has invented it: this waits for its lease. While
   * the bus fails, any node may live.
   */
  async mayLive(node: string): Promise<boolean> {
    if (!this.#heardAt.has(node)) await this.#lease(node);
    if (!this.#heardAt.has(node)) await this.whenHeard();
    return this.#heardAt.has(node) ? !this.isGone(node) : this.isAlone;
  }

  /** Says goodbye. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#round.end();
    for (const { round } of this.#awaited) round.end();
    this.#unsubscribe?.();
    await this.#say('gone');
  }

  /** Resolves with the first lease of a node, or when a node that lives would have renewed it. */
  async #lease(node: string): Promise<void> {
    const awaited = { node, round: new Round() };
    awaited.round.endIn(STRANGER_MS);
    this.#awaited.add(awaited);
    await awaited.round.ended;
    this.#awaited.delete(awaited);
  }

  #beat(): void {
    if (this.#unsubscribe) void this.#say('alive');
    else void this.#listen();
    for (const node of [...this.#heardAt.keys()]) if (this.isGone(node)) this.#forget(node);
  }

  /** Tries again at the next beat if the engine is down. The first lease comes after the subscription, because the others answer it. */
  async #listen(): Promise<void> {
    if (this.#isSubscribing) return;
    this.#isSubscribing = true;
    try {
      const unsubscribe = await this.#bus.subscribe(
        SUBJECT,
        (data) => this.#hear(JSON.parse(data) as Lease),
        () => void this.#say('alive'), // the leases went on while the engine was away
      );
      if (this.#isClosed) return unsubscribe();
      this.#unsubscribe = unsubscribe;
      await this.#say('alive');
    } catch {
      // The engine is down.
    } finally {
      this.#isSubscribing = false;
    }
  }

  /** Without the engine, other nodes regard this one as dead; it cannot serve them then. */
  #say(is: Lease['is']): Promise<void> {
    const asks = this.#echoAt === -Infinity;
    const lease: Lease = { node: this.#node, is, at: this.clock.now(), asks };
    return this.#bus.publish(SUBJECT, JSON.stringify(lease)).catch(() => undefined);
  }

  #hear({ node, is, at, asks }: Lease): void {
    if (node === this.#node) return this.#hearEcho();
    this.clock.hear(at);
    const isBack = is === 'alive' && this.isGone(node);
    this.#heardAt.set(node, is === 'alive' ? performance.now() : -Infinity);
    for (const { node: awaited, round } of this.#awaited) if (awaited === node) round.end();
    if (is === 'gone') this.#tellGone(node);
    else if (asks) void this.#say('alive');
    if (isBack) for (const callback of this.#onReturn) callback(node);
  }

  /** The others hear the same lease: if this node was cut off, they answer it, or reach the bus as well. */
  #hearEcho(): void {
    if (this.isAlone) this.#round.endIn(this.#echoAt === -Infinity ? ANSWER_MS : RETURN_MS);
    this.#echoAt = performance.now();
  }

  /** A process that starts has another name, so a node returns only if it was not dead. */
  #forget(node: string): void {
    const wasAlive = this.#heardAt.get(node) !== -Infinity;
    this.#heardAt.set(node, -Infinity);
    if (wasAlive) this.#tellGone(node);
  }

  #tellGone(node: string): void {
    for (const callback of this.#onGone) callback(node);
  }
}
