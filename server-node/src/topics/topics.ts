import { isVeloxError, UNSOUND, VeloxError, type Limits, type Position } from '@velox/core/protocol';
import { Groups } from '../collections/groups.js';
import type { Admission, Admissions } from '../access/admission.js';
import { isThenable, thenOrNow } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Versioned } from '../state/versioned.js';
import type { Broadcast } from './broadcast.js';
import { Broadcasts } from './broadcasts.js';
import { Proofs } from './proofs.js';
import { Reopening } from './reopening.js';
import { Fixed, type Opened, type Source, type Unavailable } from './source.js';
import { isEpochOf } from './state-frames.js';
import { Routes } from './routes.js';
import { seedsOf, type Seeds } from './seeds.js';
import type { Subscriber } from './subscriber.js';
import { Subscription } from './subscription.js';

/** The answer for a session that asks for a topic: a broadcast to join, a denial with its code, or a reason why there is no value yet. */
export type Answer = Broadcast | { readonly denied: string } | Unavailable;

/** The topics of a hub: where their values come from, and which sessions want them. */
export class Topics {
  readonly #admissions: Admissions;
  readonly #limits: Limits;
  readonly #observer: Observer;
  readonly #routes = new Routes();
  readonly #broadcasts: Broadcasts;
  readonly #reopening: Reopening;
  /** Undefined if everyone may see everything. */
  readonly proofs: Proofs | undefined;
  /** The sessions that want a topic, whether it exists or not, and whether they may see it or not. */
  readonly #wanted = new Groups<string, Subscriber, Subscriber>((subscriber) => subscriber);
  /** The questions that the application has not answered. */
  readonly #pending = new WeakMap<Subscription, Promise<unknown>>();
  #subscriptions = 0;
  #closed = false;

  /** @param isCompressible whether state frames may be compressed */
  constructor(admissions: Admissions, limits: Limits, observer: Observer, isCompressible: boolean) {
    this.#admissions = admissions;
    this.#limits = limits;
    this.#observer = observer;
    this.proofs = admissions.hasRights ? new Proofs() : undefined;
    this.#broadcasts = new Broadcasts(
      { longest: limits.patch, isCompressible, proofs: this.proofs },
      observer,
    );
    this.#reopening = new Reopening((topic) => this.reopen(topic));
  }

  /** How many topics have a source of their own. */
  get size(): number {
    return this.#routes.size;
  }

  /** How many topics are wanted, summed over all sessions. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** Publishes a value under a topic's name, in place of a former one; sessions that wait for it receive it. @throws as `provide`. */
  publish(topic: string, versioned: Versioned): void {
    this.provide(topic, new Fixed(versioned));
  }

  /**
   * Sets the source of a topic, in place of a former one; the topic is opened again for the sessions that want it.
   *
   * @throws VeloxError `too-long`, `bad-option`.
   */
  provide(topic: string, source: Source): void {
    this.#checkName(topic, 'bad-option');
    if (this.#closed) return;
    this.#routes.set(topic, source);
    this.reask(topic);
  }

  /** Sets the source of all topics that begin with a prefix and have no nearer one. */
  providePrefix(prefix: `${string}/`, source: Source): void {
    this.#checkName(prefix, 'bad-option');
    if (this.#closed) return;
    this.#routes.setPrefix(prefix, source);
    for (const topic of [...this.#wanted.names]) if (topic.startsWith(prefix)) this.reask(topic);
  }

  /** Removes a topic's source; its sessions are denied. Returns whether there was one. */
  remove(topic: string): boolean {
    const isRemoved = this.#routes.delete(topic);
    if (isRemoved) this.reask(topic);
    return isRemoved;
  }

  /** Ends all broadcasts, and refuses later publications. */
  close(): void {
    this.#closed = true;
    this.#routes.clear();
    this.#broadcasts.close();
    this.#reopening.close();
  }

  /** @throws VeloxError `too-many`, `too-long`, `bad-frame`; then nothing has changed. */
  subscribe(subscriber: Subscriber, topic: string, known: Position | undefined, proof?: string): void {
    this.#checkName(topic, 'bad-frame');
    const { topics } = subscriber;
    if (!topics.has(topic) && topics.size >= this.#limits.subscriptions) {
      throw new VeloxError('too-many', 'there are as many subscriptions as limits.subscriptions allows.');
    }
    if (topics.asking >= this.#mostAsking) {
      throw new VeloxError('too-many', 'too many subscriptions of the session are pending. Send fewer.');
    }
    const isProven = !this.proofs || (!!known && this.proofs.covers(topic, known, proof));
    topics.add(new Subscription(subscriber, topic, known, !topics.isDenied(topic), isProven));
    if (!this.#wanted.get(topic, subscriber)) this.#subscriptions++;
    this.#wanted.add(topic, subscriber);
    void this.ask(subscriber, topic);
  }

  unsubscribe(subscriber: Subscriber, topic: string): void {
    subscriber.topics.drop(topic);
    if (!this.#wanted.delete(topic, subscriber)) return;
    this.#subscriptions--;
    if (!this.#wanted.has(topic)) this.#reopening.forget(topic);
  }

  unsubscribeAll(subscriber: Subscriber): void {
    for (const topic of subscriber.topics.names) this.unsubscribe(subscriber, topic);
  }

  /** Grants a session a topic that it wants, or denies it. Only the newest question is answered. */
  async ask(subscriber: Subscriber, topic: string): Promise<void> {
    const { topics } = subscriber;
    const subscription = topics.get(topic);
    if (!subscription) return;
    const question = subscription.ask();
    // The pending questions of a session are bounded, whether a client, a new token or `recheck` asks.
    const former = this.#pending.get(subscription);
    if (former && topics.asking >= this.#mostAsking) await former;
    if (!subscription.isWaiting(question)) return;
    const asked = this.open(subscriber.admission, topic, subscription.known);
    if (isThenable(asked)) subscription.hold(question);
    const answer = isThenable(asked) ? await this.#wait(subscription, topics.waitFor(asked)) : asked;
    const seeding = 'frames' in answer ? this.#seedsOf(subscriber, answer) : undefined;
    const seeds = isThenable(seeding) ? await seeding : seeding;
    // Synchronous from here on: no revision may fall between position and membership.
    if (!subscription.isWaiting(question)) return;
    this.#noteMove(subscription, answer);
    if ('denied' in answer) {
      if (answer.denied === 'forbidden') topics.noteRight(topic, false);
      subscription.deny(answer.denied);
    } else {
      topics.noteRight(topic, true);
      if ('stale' in answer) {
        subscription.fail(answer.stale);
        this.#reopening.add(topic);
      } else {
        this.#reopening.succeeded(topic);
        subscription.join(answer, seeds);
      }
    }
    const isAllowed = !('denied' in answer && answer.denied === 'forbidden');
    this.#observer.publish('subscribe', () => ({ topic, allowed: isAllowed, identity: subscriber.identity }));
  }

  #seedsOf(subscriber: Subscriber, parent: Broadcast): Seeds | undefined | Promise<Seeds> {
    if (!parent.versioned.related) return undefined;
    const seeds = seedsOf(parent, subscriber.topics, {
      maySee: (topic) => this.#admissions.maySee(subscriber.admission, topic),
      present: (topic) => this.#present(topic),
    });
    return isThenable(seeds) ? parent.stayFor(seeds) : seeds;
  }

  /** The broadcast of a value that its source has at hand for everyone. */
  #present(topic: string): Broadcast | undefined {
    const source = this.#routes.find(topic);
    const versioned = source?.peek?.(topic);
    return source && versioned && this.#broadcasts.of(topic, versioned, source);
  }

  /** A client that is given another value than before must not resume in the former one: it could not see what changed there since. */
  #noteMove(subscription: Subscription, answer: Answer): void {
    const { topic, formerEpoch } = subscription;
    if ('denied' in answer && answer.denied === 'forbidden') {
      if (subscription.isProven) this.proofs?.withdraw(topic); // it had the right before
      return;
    }
    if (formerEpoch === undefined || ('stale' in answer && !('id' in answer))) return;
    const next = 'frames' in answer ? answer.frames.epoch : 'id' in answer ? answer.id : undefined;
    if (next !== undefined && isEpochOf(formerEpoch, next)) return;
    this.proofs?.withdraw(topic, formerEpoch);
    subscription.leave();
  }

  async #wait<T>(subscription: Subscription, asked: Promise<T>): Promise<T> {
    this.#pending.set(subscription, asked);
    const answer = await asked;
    this.#pending.delete(subscription);
    return answer;
  }

  /** The most questions of a session that the application has not answered. */
  get #mostAsking(): number {
    return 2 * this.#limits.subscriptions;
  }

  /** Returns the result of a client's subscription to a topic; it does not reject. A broadcast stays for a while without members. */
  open(admission: Admission, topic: string, known?: Position): Answer | Promise<Answer> {
    return thenOrNow(this.#admissions.maySee(admission, topic), (isAllowed) =>
      isAllowed ? this.#openSource(admission, topic, known) : { denied: 'forbidden' },
    );
  }

  /** Asks again for all sessions that have no value of a topic yet. */
  reopen(topic: string): void {
    this.reask(topic, ({ topics }) => topics.get(topic)?.hasFailed);
  }

  /** Asks again for all sessions that have no value of a topic yet, or were denied it. */
  reaskRefused(topic: string): void {
    this.reask(topic, ({ topics }) => topics.get(topic)?.isRefused);
  }

  /** The same for all topics that begin with a prefix. */
  reaskAllRefused(prefix: `${string}/`): void {
    for (const topic of [...this.#wanted.names]) if (topic.startsWith(prefix)) this.reaskRefused(topic);
  }

  /** Asks again whether each session that wants a topic may see it, and asks its source for the value. */
  reask(topic: string, isDue: (subscriber: Subscriber) => boolean | undefined = () => true): void {
    for (const subscriber of [...this.#wanted.of(topic)])
      if (isDue(subscriber)) void this.ask(subscriber, topic);
  }

  /** Whether values have changed since their last delivery. */
  get hasChanges(): boolean {
    return this.#broadcasts.hasChanges;
  }

  /** Delivers all changes made so far, before the events of `subscribers`: throttled values to them alone, the others to all members. */
  flush(subscribers: Iterable<Subscriber>): void {
    this.#broadcasts.flush();
    const { throttled } = this.#broadcasts;
    if (throttled.size === 0) return;
    for (const subscriber of subscribers) {
      if (throttled.size > subscriber.topics.size) subscriber.topics.touchMembersOf(throttled);
      else for (const broadcast of throttled) broadcast.deliverTo(subscriber);
    }
  }

  #openSource(admission: Admission, topic: string, known?: Position): Answer | Promise<Answer> {
    const source = this.#routes.find(topic);
    if (!source) return { denied: 'not-found' };
    const failed = (error: unknown): Answer => this.#failed(error, topic);
    try {
      const answer = thenOrNow(source.open(topic, admission, known), (opened: Opened): Answer => {
        if (opened === 'not-found') return { denied: opened };
        return 'position' in opened ? this.#broadcasts.of(topic, opened, source) : opened;
      });
      return isThenable(answer) ? answer.catch(failed) : answer;
    } catch (error) {
      return failed(error);
    }
  }

  #failed(error: unknown, topic: string): { stale: string } {
    if (isVeloxError(error)) return { stale: error.code };
    this.#observer.failure(error, { topic });
    return { stale: 'unavailable' };
  }

  #checkName(topic: string, malformed: 'bad-option' | 'bad-frame'): void {
    if (UNSOUND.test(topic)) {
      const message =
        "a topic's name has half a surrogate pair or a control character. Use whole characters.";
      throw new VeloxError(malformed, message);
    }
    if (Buffer.byteLength(topic) <= this.#limits.topic) return;
    throw new VeloxError('too-long', `a topic's name has more than ${this.#limits.topic} bytes. Shorten it.`);
  }
}
