import type { Budget, Position } from '@velox/core/protocol';
import { message, type Message } from '../wire/message.js';
import type { Versioned } from '../state/versioned.js';
import { Broadcast } from './broadcast.js';
import { Question, type EventHolder } from './question.js';
import type { Seeds } from './seeds.js';
import { staleFrame } from './state-frames.js';

/** The phase of a topic that has joined no broadcast. Each question is an object of its own, so that only the newest one is answered. */
type Standing =
  | Question
  | { readonly is: 'denied'; readonly code: string }
  /** There is no value yet, for a reason. */
  | { readonly is: 'failed'; readonly stale: string };

/** Nothing was asked yet. */
const UNASKED = new Question(true);

/** The session that a subscription belongs to. */
export interface Owner extends EventHolder {
  /** A topic may have something to send. */
  touch(subscription: Subscription): void;
  /** Its optimistic calls with changes in a step of a value, from one version to another. */
  readonly made?: { within(versioned: Versioned, from: number, to: number): readonly number[] } | undefined;
}

/** One topic that one session wants: the client's version of it, and the next message for the client. */
export class Subscription {
  readonly topic: string;
  readonly owner: Owner;
  /** A check of the client's copy is due, within this budget of work. */
  doubt: Budget | undefined;
  /** The position that the client has. It moves when a frame is handed to the outlet, not when the frame arrives. */
  #known: Position | undefined;
  /** Whether the client may have the steps since its position. Not after a denial: they may contain values that it was not allowed to see. */
  #isResumable: boolean;
  /** A joined topic has no object of its own: there may be 100,000 of them. */
  #standing: Standing | Broadcast = UNASKED;
  /** Whether the client has received a frame for the topic. */
  #isTold = false;
  /** The reason for which the client takes its copy to be outdated. */
  #stale: string | undefined;
  #seeds: Seeds | undefined;
  /** Whether a revision met a full outlet, and the client has received nothing since. */
  #hasSkipped = false;

  /** The epoch of the broadcast that the client was a member of last. */
  #former: string | undefined;

  /** Whether the client has proven that it was given `known`, or has been given it since. */
  #isProven: boolean;

  /**
   * @param isResumable whether the client may have the steps since `known`
   * @param isProven whether it has proven that it was given `known`
   */
  constructor(
    owner: Owner,
    topic: string,
    known: Position | undefined,
    isResumable: boolean,
    isProven: boolean,
  ) {
    this.#isProven = isProven;
    this.#isResumable = isResumable;
    this.owner = owner;
    this.topic = topic;
    this.#known = known;
  }

  /** The position that the client has. */
  get known(): Position | undefined {
    return this.#known;
  }

  /** Whether the client was given the topic before, as far as is known. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /** The epoch that the client was given last, or has proven that it was given. */
  get formerEpoch(): string | undefined {
    return this.#former ?? (this.#isProven ? this.#known?.id : undefined);
  }

  /** Nothing leaves until the question that this returns is answered by `join`, `deny` or `fail`. */
  ask(): Question {
    const former = this.#unjoined;
    const hadValue = !former || (former.is === 'asked' && former.hadValue);
    const question = new Question(hadValue && this.#isProven && this.#known !== undefined);
    this.#stand(question);
    return question;
  }

  /** The answer to the question takes time. */
  hold(question: Question): void {
    if (this.isWaiting(question)) question.hold(this.owner);
  }

  /** Whether the answer to a question is still waited for. */
  isWaiting(question: Question): boolean {
    return this.#standing === question;
  }

  /**
   * From the client's position on, nothing is missed.
   *
   * @param seeds the values that go along with the topic's next value, once
   */
  join(broadcast: Broadcast, seeds?: Seeds): void {
    this.#stand(broadcast);
    this.#seeds = seeds;
    this.#former = broadcast.frames.epoch;
    // Decides now whether the client is ahead, because the server may reach the client's version before it sends a frame.
    const known = this.#known;
    const id = broadcast.frames.idFor(known);
    if (known && known.id !== id && id.startsWith(known.id)) this.#known = { id, version: 0 };
    broadcast.add(this);
    this.touch();
  }

  /** The client is to have another value than before. */
  leave(): void {
    this.#isResumable = this.#isProven = false;
    this.#former = undefined;
  }

  deny(code: string): void {
    this.#stand({ is: 'denied', code });
    this.#isResumable = this.#isProven = false;
    this.touch();
  }

  /** There is no value yet. */
  fail(stale: string): void {
    this.#stand({ is: 'failed', stale });
    this.touch();
  }

  /** The topic is not wanted any more. */
  end(): void {
    this.#stand(UNASKED);
  }

  get isJoined(): boolean {
    return this.#broadcast !== undefined;
  }

  /** The value that it delivers; undefined while there is none for the client. */
  get versioned(): Versioned | undefined {
    return this.#broadcast?.versioned;
  }

  /** Whether a question is not answered. */
  get isAsked(): boolean {
    return this.#unjoined?.is === 'asked';
  }

  get hasFailed(): boolean {
    return this.#unjoined?.is === 'failed';
  }

  /** The code for which the client was denied the topic. */
  get denial(): string | undefined {
    const standing = this.#unjoined;
    return standing?.is === 'denied' ? standing.code : undefined;
  }

  /** Whether the client was denied the topic, or there is no value yet. */
  get isRefused(): boolean {
    return this.hasFailed || this.denial !== undefined;
  }

  isMemberOfAny(broadcasts: ReadonlySet<Broadcast>): boolean {
    return this.#broadcast !== undefined && broadcasts.has(this.#broadcast);
  }

  /** Notes that a revision met a full outlet. */
  skip(): void {
    this.#hasSkipped = true;
  }

  /** Notes that the client has the skipped versions. Returns whether anything was. */
  catchUp(): boolean {
    const hasSkipped = this.#hasSkipped;
    this.#hasSkipped = false;
    return hasSkipped;
  }

  /** The topic may have something to send. */
  touch(): void {
    this.owner.touch(this);
  }

  /** Adds the pending messages for the client to `messages`; they count as sent. Returns whether there were any. */
  tell(messages: Message[]): boolean {
    const standing = this.#standing;
    const isFirst = !this.#isTold;
    const count = messages.length;
    if (standing instanceof Broadcast) this.#tellState(standing, isFirst, messages);
    else this.#tellStanding(standing, isFirst, messages);
    return messages.length > count;
  }

  /** The frame by which the client checks its copy, if that is due and the copy is of the newest version. */
  check(): Message | undefined {
    const { doubt } = this;
    this.doubt = undefined;
    return doubt && this.#broadcast?.frames.check(this.#known, doubt);
  }

  #tellStanding(standing: Standing, isFirst: boolean, messages: Message[]): void {
    this.#isTold = true;
    if (isFirst && standing.is === 'denied') {
      this.#stale = undefined;
      messages.push(message({ denied: this.topic, code: standing.code }));
    } else if (standing.is === 'failed' && standing.stale !== this.#stale) {
      this.#stale = standing.stale;
      messages.push(staleFrame(this.topic, standing.stale));
    }
  }

  #tellState({ frames, versioned, size }: Broadcast, isFirst: boolean, messages: Message[]): void {
    this.#isTold = true;
    const { position } = frames;
    const { stale } = versioned;
    const id = frames.idFor(this.#known);
    const from = this.#resumesFrom(id, position, versioned);
    const isCurrent = from === position.version;
    // Any state frame ends `stale`, if need be one that says nothing else.
    const isRecovered = this.#stale !== undefined && stale === undefined;
    if (isFirst || !isCurrent || isRecovered) {
      this.#known = id === position.id ? position : { id, version: position.version };
      // Seeds go first, so that they are present when the value is shown.
      if (this.#seeds && !isCurrent) messages.push(...this.#seeds.messages());
      this.#seeds = undefined;
      const made = this.owner.made?.within(versioned, from, position.version);
      if (made?.length) messages.push(message({ made, topic: this.topic || undefined }));
      messages.push(frames.message(id, from, isFirst || isCurrent, size));
      this.#isResumable = this.#isProven = true;
      this.#stale = undefined;
    }
    if (stale !== this.#stale && stale !== undefined) messages.push(frames.stale(stale));
    this.#stale = stale;
  }

  /** The version since which the client gets the steps; 0: it gets the value. That a client is up to date reveals nothing, so it needs no proof. */
  #resumesFrom(id: string, { version }: Position, { resume }: Versioned): number {
    const known = this.#known;
    if (!this.#isResumable || known?.id !== id) return 0;
    return this.#isProven || resume === 'anyone' || known.version === version ? known.version : 0;
  }

  /** The broadcast that it has joined. */
  get #broadcast(): Broadcast | undefined {
    return this.#standing instanceof Broadcast ? this.#standing : undefined;
  }

  get #unjoined(): Standing | undefined {
    return this.#standing instanceof Broadcast ? undefined : this.#standing;
  }

  #stand(standing: Standing | Broadcast): void {
    const former = this.#standing;
    if (former instanceof Broadcast) this.#leave(former);
    else if (former.is === 'asked') former.release(this.owner);
    this.#standing = standing;
    this.#isTold = false;
  }

  #leave(former: Broadcast): void {
    former.delete(this.owner);
    const id = this.#known && former.frames.idAfterLoss(this.#known);
    if (id) this.#known = { id, version: 0 };
  }
}
