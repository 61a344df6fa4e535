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
    const isOwn = error instanceof CallError;
    if (!isOwn) report(error);
    const { code, message, data } = isOwn ? error : new CallError('internal', 'the client failed.');
    result = `"error":${JSON.stringify({ code, message, data })}`;
  }
  queue.add(`{"reply":${call},${result}`, '', undefined, true);
}
