import { VeloxError, type Limits, type Position } from '@velox/core/protocol';
import type { Admissions } from './admission.js';
import { Broadcast } from './broadcast.js';
import type { Observer } from './observer.js';
import type { Session } from './session.js';
import type { State } from './state.js';

/** The topics of a hub, and who wants them. */
export class Topics {
  readonly #admissions: Admissions;
  readonly #limits: Limits;
  readonly #observer: Observer;
  readonly #broadcasts = new Map<string, Broadcast>();
  /** Who wants a topic, whether it exists or not, and whether they may have it or not. */
  readonly #audiences = new Map<string, Set<Session>>();
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
      for (const session of this.#audiences.get(topic) ?? []) session.touch(topic);
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
  subscribe(session: Session, topic: string, known: Position | undefined): void {
    this.#checkName(topic);
    if (!session.topics.has(topic) && session.topics.size >= this.#limits.subscriptions) {
      throw new VeloxError('too-many', 'there are as many subscriptions as the limits allow.');
    }
    if (session.topics.asking >= 2 * this.#limits.subscriptions) {
      throw new VeloxError('too-many', 'the peer asks for more topics than can be looked at.');
    }
    session.topics.want(topic, known);
    let audience = this.#audiences.get(topic);
    if (!audience) this.#audiences.set(topic, (audience = new Set()));
    audience.add(session);
    void this.ask(session, topic);
  }

  unsubscribe(session: Session, topic: string): void {
    session.topics.drop(topic);
    const audience = this.#audiences.get(topic);
    audience?.delete(session);
    if (audience?.size === 0) this.#audiences.delete(topic);
  }

  unsubscribeAll(session: Session): void {
    for (const topic of [...session.topics.names]) this.unsubscribe(session, topic);
  }

  /** Lets a session have a topic that it wants, or tells it that it may not; only the newest question counts. */
  async ask(session: Session, topic: string): Promise<void> {
    const question = session.topics.hold(topic);
    if (!question) return;
    const answer = this.#admissions.maySee(session.admission, topic);
    const allowed = typeof answer === 'boolean' ? answer : await session.topics.waitFor(answer);
    // From here on without a pause: between position and membership no revision may fall.
    if (!session.topics.isWaiting(topic, question)) return;
    const broadcast = this.#broadcasts.get(topic);
    if (allowed && broadcast) session.join(broadcast);
    else session.deny(topic, allowed ? 'not-found' : 'forbidden');
    this.#observer.publish('subscribe', () => ({ topic, allowed, identity: session.identity }));
  }

  #checkName(topic: string): void {
    if (Buffer.byteLength(topic) <= this.#limits.topic) return;
    throw new VeloxError('too-long', `a topic's name has more than ${this.#limits.topic} bytes.`);
  }

  #askAll(topic: string): void {
    for (const session of this.#audiences.get(topic) ?? []) void this.ask(session, topic);
  }
}
