import { dataText } from '../protocol/data-text.js';
import { CallError } from '../protocol/call-error.js';
import { report, VeloxError } from '../protocol/error.js';

/** Answers a call of the server: the result is the reply. */
export type Answer = (data: unknown) => unknown;

/** The application's handlers for the calls of the server. */
export interface Answers {
  readonly set: (name: string, answer: Answer) => () => void;
  /** Runs the handler of a call; `reply` is called with the frame that answers it, without its end. */
  readonly run: (name: string, data: unknown, call: number) => void;
}

/** @param reply sends the text of a reply frame without its end */
export function createAnswers(reply: (text: string) => void): Answers {
  const answers = new Map<string, Answer>();
  return {
    set(name, answer) {
      if (answers.has(name)) {
        throw new VeloxError('bad-option', `the call "${name}" has a handler. Remove it first.`);
      }
      answers.set(name, answer);
      return () => {
        if (answers.get(name) === answer) answers.delete(name);
      };
    },
    run(name, data, call) {
      const answer = answers.get(name);
      void (async () => {
        let result: string;
        try {
          if (!answer) throw new CallError('no-handler', `the client does not answer the call "${name}".`);
          result = dataText(await answer(data));
        } catch (error) {
          const isOwn = error instanceof CallError;
          if (!isOwn) report(error);
          const { code, message, data } = isOwn ? error : new CallError('internal', 'the client failed.');
          result = `"error":${JSON.stringify({ code, message, data })}`;
        }
        reply(`{"reply":${call},${result}`);
      })();
    },
  };
}
