import { IDLE, type Phase } from '../../../src/entities/row-phase.js';
export * from '../../../src/entities/row-phase.js';

/** A fetch that failed is not repeated. */
export const fail = (): Phase => IDLE;
