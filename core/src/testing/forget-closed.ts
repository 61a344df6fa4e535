import { awaited } from '../connect/registry.js';

/**
 * Forgets the shared connections that were closed while a component waited for its first value. A page does so after 1 s, but the time of
 * a test may end before. For kits that replace time; tests of applications need not call it.
 */
export function forgetClosed(): void {
  awaited.clear();
}
