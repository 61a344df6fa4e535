import { need as originalNeed, type Phase } from '../../../src/entities/row-phase.js';
export * from '../../../src/entities/row-phase.js';

/** A change during a fetch does not cause another fetch. */
export const need = (phase: Phase): Phase => (phase.is === 'fetching' ? phase : originalNeed(phase));
