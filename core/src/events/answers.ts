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
 *
 * @param check throws if the server does not take a frame. No reply is ever given up, so such a one would end link after link.
 */
export async function replyTo(
  { event, data, call }: EventFrame,
  answer: Answer | undefined,
  queue: EventQueue,
  check: (text: string) => void,
): Promise<void> {
  const head = `{"reply":${call},`;
  let text: string;
  try {
    try {
      if (!answer) throw new CallError('no-handler', `the client does not answer the call "${event}".`);
      text = head + dataText(await answer(data));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const { code, message, data } = error;
      // A server refuses a code or message that is no text, as JavaScript may give.
      text = `${head}"error":${JSON.stringify({ code: `${code}`, message: `${message}`, data })}`;
    }
    check(text);
  } catch (error) {
    report(error);
    text = `${head}"error":{"code":"internal","message":"the client failed."}`;
  }
  queue.add(text, '', undefined, true);
}
