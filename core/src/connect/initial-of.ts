import type { Source } from './registry.js';

/**
 * The value that a server rendered for a source, so the one with which a browser must begin. It belongs to the source: another component
 * may have another value of the same topic, or none.
 */
export function initialOf<T>(source: Source<T>): T | undefined {
  if (typeof source === 'string') return undefined;
  return 'get' in source ? source.getInitial() : source.initial?.body;
}
