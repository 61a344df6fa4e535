import { Message } from '../../../src/wire/message.js';
import { replyMessage as replyMessageOriginal } from '../../../src/sessions/event-message.js';
export * from '../../../src/sessions/event-message.js';

/** A reply is not kept: it is lost with the link on which it was written. */
export const replyMessage: typeof replyMessageOriginal = (call, data) => {
  const { text } = replyMessageOriginal(call, data);
  return new Message(`${text.slice(0, -1)},"seq":0}`, { isNumbered: false });
};
