/** How long events wait at most for state that they must not overtake, in ms. */
export const HOLD_MS = 3_000;

/** The session whose events may wait for an answer. */
export interface EventHolder {
  /** Holds back all events of the session for a reason, or ends that. */
  holdForTopics?(isHeld: boolean, reason: object): void;
}

/** The rights to a topic or its value are being asked for: nothing of the topic leaves. */
export class Question {
  readonly is = 'asked';
  /** Whether the client had the value before. */
  readonly hadValue: boolean;
  #hold: NodeJS.Timeout | undefined;

  constructor(hadValue: boolean) {
    this.hadValue = hadValue;
  }

  /** The answer takes time. Meanwhile events may not overtake changes of a value that the client had. */
  hold(events: EventHolder): void {
    if (!this.hadValue) return;
    events.holdForTopics?.(true, this);
    this.#hold = setTimeout(() => this.release(events), HOLD_MS).unref();
  }

  /** There is an answer, or another question. */
  release(events: EventHolder): void {
    if (!this.#hold) return;
    clearTimeout(this.#hold);
    this.#hold = undefined;
    events.holdForTopics?.(false, this);
  }
}
