import { fetched, readFetched as originalReadFetched } from '../../../src/entities/fetched.js';
export * from '../../../src/entities/fetched.js';

/** The versions of rows are ignored. */
export const readFetched: typeof originalReadFetched = (result) => {
  const row = originalReadFetched(result);
  return row === 'denied' ? row : fetched(row.value, { related: Object.fromEntries(row.related) });
};
