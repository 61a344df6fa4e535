import { put as originalPut, type Phase } from '../../../src/entities/row-phase.js';
export * from '../../../src/entities/row-phase.js';

/** A fetch that began before a put replaces the row of the put. */
export const put = (phase: Phase): Phase => {
  const next = originalPut(phase);
  return next.is === 'fetching' ? { ...next, isOvertaken: false } : next;
};
