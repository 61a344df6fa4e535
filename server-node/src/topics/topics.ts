import { VeloxError, type Limits, type Position } from '@velox/core/protocol';
import type { Admissions } from '../access/admission.js';
import { Broadcast } from './broadcast.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Subscriber } from './subscriber.js';
import type { State } from '../state/state.js';

/** The topics of a hub, and who wants them. */
export class Topics {
  readonly #admissions: Admissions;
  readonly #limits: Limits;
  readonly #observer: Observer;
  readonly #broadcasts = new Map<string, Broadcast>();
  /** Who wants a topic, whether it exists or not, and whether they may have it or not. */
  readonly #audiences = new Map<string, Set<Subscriber>>();
  readonly #isCompressible: boolean;
  #closed = false;

  /** @param isCompressible whether what is sent of them may be compressed */
  constructor(admissions: Admissions, limits: Limits, observer: Observer, isCompressible: boolean) {
    this.#admissions = admissions;
    this.#limits = limits;
    this.#observer = observer;
    this.#isCompressible = isCompressible;
  }

  get size(): number {
    return this.#broadcasts.size;
  }

  /** How many topics are wanted, over all sessions. */
  get subscriptions(): number {
    let count = 0;
    for (const audience of this.#audiences.values()) count += audience.size;
    return count;
  }

  find(topic: string): Broadcast | undefined {
    return this.#broadcasts.get(topic);
  }

  /**
   * Publishes a state under a topic's name, in place of a former one; sessions that wait for it get it.
   *
   * @throws VeloxError `too-long`.
   */
  publish(topic: string, state: State<unknown>): void {
    this.#checkName(topic);
    if (this.#closed) return;
    this.#broadcasts.get(topic)?.end();
    const broadcast = new Broadcast(topic, state, {
      longest: this.#limits.patch,
      isCompressible: this.#isCompressible,
      crowd: () => this.#audiences.get(topic)?.size ?? 0,
    });
    this.#broadcasts.set(topic, broadcast);
    broadcast.end = state.onRevision(() => {
      this.#observer.publish('revision', () => ({ topic, ...state.position() }));
      for (const subscriber of this.#audiences.get(topic) ?? []) subscriber.touch(topic);
    });
    this.#askAll(topic);
  }

  /** Takes a topic away; sessions that have it are told that there is none. Returns whether there was one. */
  remove(topic: string): boolean {
    this.#broadcasts.get(topic)?.end();
    const removed = this.#broadcasts.delete(topic);
    if (removed) this.#askAll(topic);
    return removed;
  }

  /** Lets go of all states, and publishes no more. */
  close(): void {
    this.#closed = true;
    for (const broadcast of this.#broadcasts.values()) broadcast.end();
    this.#broadcasts.clear();
  }

  /** @throws VeloxError `too-many`, `too-long`; then nothing has changed. */
  subscribe(subscriber: Subscriber, topic: string, known: Position | undefined): void {
    this.#checkName(topic);
    if (!subscriber.topics.has(topic) && subscriber.topics.size >= this.#limits.subscriptions) {
      throw new VeloxError('too-many', 'there are as many subscriptions as the limits allow.');
    }
    if (subscriber.topics.asking >= 2 * this.#limits.subscriptions) {
      throw new VeloxError('too-many', 'the peer asks for more topics than can be looked at.');
    }
    subscriber.topics.want(topic, known);
    let audience = this.#audiences.get(topic);
    if (!audience) this.#audiences.set(topic, (audience = new Set()));
    audience.add(subscriber);
    void this.ask(subscriber, topic);
  }

  unsubscribe(subscriber: Subscriber, topic: string): void {
    subscriber.topics.drop(topic);
    const audience = this.#audiences.get(topic);
    audience?.delete(subscriber);
    if (audience?.size === 0) this.#audiences.delete(topic);
  }

  unsubscribeAll(subscriber: Subscriber): void {
    for (const topic of [...subscriber.topics.names]) this.unsubscribe(subscriber, topic);
  }

  /** Lets a session have a topic that it wants, or tells it that it may not; only the newest question counts. */
  async ask(subscriber: Subscriber, topic: string): Promise<void> {
    const question = subscriber.topics.hold(topic);
    if (!question) return;
    const answer = this.#admissions.maySee(subscriber.admission, topic);
    const allowed = typeof answer === 'boolean' ? answer : await subscriber.topics.waitFor(answer);
    // From here on without a pause: between position and membership no revision may fall.
    if (!subscriber.topics.isWaiting(topic, question)) return;
    const broadcast = this.#broadcasts.get(topic);
    if (allowed && broadcast) subscriber.join(broadcast);
    else subscriber.deny(topic, allowed ? 'not-found' : 'forbidden');
    this.#observer.publish('subscribe', () => ({ topic, allowed, identity: subscriber.identity }));
  }

  #checkName(topic: string): void {
    if (Buffer.byteLength(topic) <= this.#limits.topic) return;
    throw new VeloxError('too-long', `a topic's name has more than ${this.#limits.topic} bytes.`);
  }

  #askAll(topic: string): void {
    for (const subscriber of this.#audiences.get(topic) ?? []) void this.ask(subscriber, topic);
  }
}
