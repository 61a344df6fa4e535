import type { Bus } from '../cluster/bus.js';
import type { Unsubscribe } from '../cluster/log.js';
import { ClusterClock } from './cluster-clock.js';
import { LATE_MS } from './moves.js';

const SUBJECT = 'velox nodes';
/** How often a node renews its lease, and the silence after which it counts as dead, in ms. */
const EVERY_MS = 2_000;
const LEASE_MS = LATE_MS;
/** How long a node that was never heard may take to answer, in ms. */
const STRANGER_MS = 2_000;

interface Lease {
  readonly node: string;
  readonly is: 'alive' | 'gone';
  /** The time of the cluster, in ms. */
  readonly at: number;
}

/** Which nodes of the cluster live: each renews a lease. */
export class Peers {
  readonly clock: ClusterClock = new ClusterClock();
  readonly #node: string;
  readonly #bus: Bus;
  readonly #onGone: ((node: string) => void)[] = [];
  /** When each node was last heard, in ms of `performance.now`; -Infinity for one that has said goodbye. */
  readonly #heardAt = new Map<string, number>();
  /** When this node heard itself, in ms of `performance.now`. */
  #echoAt = performance.now();
  #unsubscribe: Unsubscribe | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(node: string, bus: Bus) {
    this.#node = node;
    this.#bus = bus;
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), EVERY_MS).unref();
  }

  /** Calls back once for each node that has died or said goodbye. */
  onGone(callback: (node: string) => void): void {
    this.#onGone.push(callback);
  }

  /** How long a node may take to answer, in ms. One that lives may be busy; one that was never heard may not exist. */
  patienceFor(node: string): number {
    return this.#heardAt.has(node) && !this.isGone(node) ? LEASE_MS : STRANGER_MS;
  }

  /** The other nodes that live, as far as they were heard. */
  get alive(): string[] {
    return [...this.#heardAt.keys()].filter((node) => !this.isGone(node));
  }

  /** Whether this node does not even hear itself: the bus fails, and the other nodes may live. Known before they count as dead. */
  get isAlone(): boolean {
    return performance.now() - this.#echoAt > 2 * EVERY_MS;
  }

  /** Whether a node was heard before and is no longer. A node that was never heard may live. */
  isGone(node: string): boolean {
    const heardAt = this.#heardAt.get(node);
    return heardAt !== undefined && performance.now() - heardAt > LEASE_MS;
  }

  /** Says goodbye. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#unsubscribe?.();
    await this.#say('gone');
  }

  #beat(): void {
    if (!this.#unsubscribe) void this.#listen();
    void this.#say('alive');
    for (const node of [...this.#heardAt.keys()]) if (this.isGone(node)) this.#forget(node);
  }

  /** Tries again at the next beat if the engine is down. */
  async #listen(): Promise<void> {
    const pending = (): void => undefined;
    this.#unsubscribe = pending;
    try {
      const unsubscribe = await this.#bus.subscribe(
        SUBJECT,
        (data) => this.#hear(JSON.parse(data) as Lease),
        () => void this.#say('alive'), // the leases went on while the engine was away
      );
      if (this.#isClosed) unsubscribe();
      this.#unsubscribe = unsubscribe;
    } catch {
      this.#unsubscribe = undefined;
    }
  }

  /** Without the engine, other nodes regard this one as dead; it cannot serve them then. */
  #say(is: Lease['is']): Promise<void> {
    return this.#bus
      .publish(SUBJECT, JSON.stringify({ node: this.#node, is, at: this.clock.now() }))
      .catch(() => undefined);
  }

  #hear({ node, is, at }: Lease): void {
    if (node === this.#node) return void (this.#echoAt = performance.now());
    this.clock.hear(at);
    const isNew = !this.#heardAt.has(node);
    this.#heardAt.set(node, is === 'alive' ? performance.now() : -Infinity);
    if (is === 'gone') this.#tellGone(node);
    else if (isNew) void this.#say('alive'); // it need not wait for the next beat
  }

  /** A dead node never returns: a process that starts has another name. */
  #forget(node: string): void {
    const wasAlive = this.#heardAt.get(node) !== -Infinity;
    this.#heardAt.set(node, -Infinity);
    if (wasAlive) this.#tellGone(node);
  }

  #tellGone(node: string): void {
    for (const callback of this.#onGone) callback(node);
  }
}
