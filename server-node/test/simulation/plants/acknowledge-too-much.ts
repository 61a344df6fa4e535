import { createInbox as createOriginalInbox } from '../../../../core/src/connection/inbox.js';
export * from '../../../../core/src/connection/inbox.js';

/** A client acknowledges one event more than has arrived. */
export const createInbox: typeof createOriginalInbox = (onAck) => {
  const inbox = createOriginalInbox((ack) => onAck(ack + 1));
  return { ...inbox, taken: () => inbox.taken() + 1 };
};
