import { createCalls as createOriginalCalls } from '../../../../core/src/events/calls.js';
export * from '../../../../core/src/events/calls.js';

/** A call that was written is sent again to a new session, although it may have run in the former one. */
export const createCalls: typeof createOriginalCalls = (...args) => {
  const calls = createOriginalCalls(...args);
  return {
    ...calls,
    call: (name, encode, options) => calls.call(name, encode, { ...options, idempotent: true }),
  };
};
