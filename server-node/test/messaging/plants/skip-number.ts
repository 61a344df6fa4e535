import type { Message } from '../../../src/wire/message.js';
import { numbered as numberedOriginal } from '../../../src/sessions/event-message.js';
export * from '../../../src/sessions/event-message.js';

/** The first event of each link skips a number. */
export const numbered = (message: Message, seq: number): Message => numberedOriginal(message, seq + 1);
