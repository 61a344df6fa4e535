import type { Budget, Position } from '@velox/core/protocol';
import type { Broadcast } from './broadcast.js';
import { message, type Message } from '../wire/message.js';

/** How a wanted topic stands. Each question is an object of its own, so that only the newest one is answered. */
type Standing =
  /** Whether the session may have it is asked: nothing of it leaves. */
  | { readonly is: 'asked' }
  | { readonly is: 'denied'; readonly code: string }
  | { readonly is: 'joined'; readonly broadcast: Broadcast };

/** Stands for a question whether a session may have a topic. */
export type Question = Standing & { readonly is: 'asked' };

/** One topic that one session wants: what the client has of it, and what it is to be told next. */
export class Subscription {
  readonly topic: string;
  /** Whether its session has noted that there is something to tell. */
  isDirty = false;
  /** The client's copy is to be checked, for as much work. */
  doubt: Budget | undefined;
  /** Whether a revision of it met a full outlet. */
  hasSkipped = false;
  /** What the client has; a version that was written counts. */
  #known: Position | undefined;
  #standing: Standing = { is: 'asked' };
  /** Whether the client was told how it stands. */
  #told = false;

  constructor(topic: string, known: Position | undefined) {
    this.topic = topic;
    this.#known = known;
  }

  /** Nothing leaves until the question that this returns is answered by `join` or `deny`. */
  hold(): Question {
    const question = { is: 'asked' } as const;
    this.#stand(question);
    return question;
  }

  /** Whether the answer to a question is still waited for. */
  isWaiting(question: Question): boolean {
    return this.#standing === question;
  }

  join(broadcast: Broadcast): void {
    this.#stand({ is: 'joined', broadcast });
  }

  deny(code: string): void {
    this.#stand({ is: 'denied', code });
  }

  get isJoined(): boolean {
    return this.#standing.is === 'joined';
  }

  /** Whether there is more of the topic than the client has, but for what a throttle holds back. Flushes. */
  get isBehind(): boolean {
    if (this.#standing.is !== 'joined') return false;
    const { state, position } = this.#standing.broadcast;
    return !state.isThrottled && position.version !== this.#known?.version;
  }

  /** What the client is to be told now, if anything; it counts as told. */
  next(): Message | undefined {
    const standing = this.#standing;
    const isFirst = !this.#told;
    if (standing.is === 'asked') return undefined;
    this.#told = true;
    if (standing.is === 'denied')
      return isFirst ? message({ denied: this.topic, code: standing.code }) : undefined;
    const { broadcast } = standing;
    const { position } = broadcast;
    const version = broadcast.resume(this.#known);
    if (version === position.version && !isFirst) return undefined;
    this.#known = position;
    return broadcast.message(version, isFirst);
  }

  /** What lets the client check its copy, where that is due and the copy is of the newest version. */
  check(): Message | undefined {
    const { doubt } = this;
    this.doubt = undefined;
    if (!doubt || this.#standing.is !== 'joined') return undefined;
    return this.#standing.broadcast.check(this.#known, doubt);
  }

  #stand(standing: Standing): void {
    this.#standing = standing;
    this.#told = false;
  }
}
