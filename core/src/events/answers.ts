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
 * @param check throws if the server does not take a frame. Replies are never given up, so a refused reply would end one link after another.
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
      // Code in JavaScript may pass a code or message that is not a string, which a server refuses.
      text = `${head}"error":${JSON.stringify({ code: `${code}`, message: `${message}`, data })}`;
    }
    check(text);
  } catch (error) {
    report(error);
    text = `${head}"error":{"code":"internal","message":"the client failed."}`;
  }
  queue.add(text, '', undefined, true);
}
