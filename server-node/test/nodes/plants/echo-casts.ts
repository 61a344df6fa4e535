export * from '../../../src/nodes/session-id.js';

/** A cast that leaves out the session of its sender reaches it over another node. */
export function idOn(): string {
  return '';
}
