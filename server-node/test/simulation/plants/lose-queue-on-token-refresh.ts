import {
  createEventQueue as createOriginalQueue,
  type EventQueue,
} from '../../../../core/src/events/event-queue.js';
import { createSync as createOriginalSync } from '../../../../core/src/events/sync.js';
export * from '../../../../core/src/events/event-queue.js';
export * from '../../../../core/src/events/sync.js';

let newest: EventQueue;

export const createEventQueue: typeof createOriginalQueue = (...args) =>
  (newest = createOriginalQueue(...args));

/** When the server asks for a new token, the client forgets the events that the server does not have yet. */
export const createSync: typeof createOriginalSync = (...args) => {
  const sync = createOriginalSync(...args);
  const queue = newest;
  sync.status.subscribe(() => {
    if (sync.status.get().state === 'connecting') queue.clear();
  });
  sync.onFrame((frame) => {
    if ('bye' in frame && frame.bye.code === 'unauthorized') queue.clear();
  });
  return sync as never;
};
