import type { Reason } from '../replicas/status.js';
import { advise } from './advise.js';

/** Says in the console why a connection fails, if only a change of the application or its proxy can help. */
export function noteReason(url: string, reason: Reason | undefined): void {
  const { code, message } = reason ?? {};
  if (code === 'not-velox' || code === 'not-sticky') advise(`${code} ${url}`, `${code}: ${message}`);
}
