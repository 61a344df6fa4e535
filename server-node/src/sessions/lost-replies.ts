import { CallError } from '@velox/core/protocol';
import type { Message } from '../wire/message.js';
import { failureMessage, repliedCall } from './event-message.js';

/** The most bytes of a reply that replaces another one. */
export const REPLACEMENT_SIZE = 200;

/**
 * The calls whose replies were given up. Each gets a short one in its place, because a call without a time limit would wait for ever.
 * It is created when there is room for it; until then, only the number of the call is kept.
 */
export class LostReplies {
  readonly #calls: number[];

  constructor(calls: readonly number[] = []) {
    this.#calls = [...calls];
  }

  get calls(): readonly number[] {
    return this.#calls;
  }

  /** Notes a message that was given up, if it is a reply. */
  note({ text }: Message): void {
    const call = repliedCall(text);
    if (call !== undefined) this.#calls.push(call);
  }

  /** Takes the reply that is due. */
  take(): Message | undefined {
    const call = this.#calls.shift();
    const error = new CallError(
      'unknown-outcome',
      'too much waited for the client, so the reply was dropped.',
    );
    return call === undefined ? undefined : failureMessage(call, error);
  }
}
