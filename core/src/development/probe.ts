import type { LoadingHost } from '../connection/recover.js';

/** How often an event stream is asked for a sign of life, in ms. */
const PROBE_MS = 2_000;

/**
 * Asks the server for a sign of life every 2 s while an event stream is open on a page. A development proxy, for instance Vite's, keeps a
 * stream open after its server has gone, but the POST that asks fails.
 */
export function probeStream({ transports, course, phase, send }: LoadingHost): void {
  const link = phase();
  if (transports[course.chosen]!.name !== 'sse' || !globalThis.document) return;
  const timer = setInterval(() => {
    if (phase() === link) send('{"ping":true}');
    else clearInterval(timer);
  }, PROBE_MS);
}
