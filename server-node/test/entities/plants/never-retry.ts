import { IDLE, type Phase } from '../../../src/entities/row.js';
export * from '../../../src/entities/row.js';

/** A fetch that failed is not repeated. */
export const fail = (): Phase => IDLE;
