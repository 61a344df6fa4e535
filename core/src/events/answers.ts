import { dataText } from '../protocol/data-text.js';
import { CallError } from '../protocol/call-error.js';
import { report } from '../protocol/error.js';
import type { EventFrame } from '../protocol/frames.js';
import type { EventQueue } from './event-queue.js';

/** Answers a call of the server: the result is the reply. */
export type Answer = (data: unknown) => unknown;

/**
 * Runs the application's handler of a call, and adds the reply to the queue. It is loaded on need: a reply may take a while in any
 * case.
 */
export async function replyTo(
  { event, data, call }: EventFrame,
  answer: Answer | undefined,
  queue: EventQueue,
): Promise<void> {
  let result: string;
  try {
    if (!answer) throw new CallError('no-handler', `the client does not answer the call "${event}".`);
    result = dataText(await answer(data));
  } catch (error) {
    result = failureText(error);
  }
  queue.add(`{"reply":${call},${result}`, '', undefined, true);
}

/** The error of a call as a member of its reply. The server learns only `internal` of an error that is its client's own affair. */
function failureText(error: unknown): string {
  const textOf = ({ code, message, data }: CallError): string =>
    // A server refuses a code that is no text, as JavaScript may give.
    `"error":${JSON.stringify({ code: `${code}`, message: `${message}`, data })}`;
  try {
    if (error instanceof CallError) return textOf(error);
    report(error);
  } catch (unsendable) {
    report(unsendable);
  }
  return textOf(new CallError('internal', 'the client failed.'));
}
