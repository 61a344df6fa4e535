import { dataText } from '../protocol/data-text.js';
import { CallError } from '../protocol/call-error.js';
import { report } from '../protocol/error.js';
import type { EventFrame } from '../protocol/frames.js';

/** Answers a call of the server: the result is the reply. */
export type Answer = (data: unknown) => unknown;

/**
 * Runs the application's handler of a call. It is loaded on need: a reply may take a while in any case.
 *
 * @returns the text of the reply frame, without its end
 */
export async function replyTo({ event, data, call }: EventFrame, answer?: Answer): Promise<string> {
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
  return `{"reply":${call},${result}`;
}
