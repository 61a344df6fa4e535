import type { Message } from '../../../src/wire/message.js';
import { numbered as numberedOriginal } from '../../../src/sessions/event-message.js';
export * from '../../../src/sessions/event-message.js';

/** The first event of a later link has the number of the last event that the client received. */
export const numbered = (message: Message, seq: number): Message =>
  numberedOriginal(message, Math.max(seq - 1, 1));
