import type { Link, Transport } from '../transport.js';
import { defineTransport, type Start } from './define.js';

/** Makes a transport whose code is loaded when it is first tried. */
function lazy(name: string, load: () => Promise<Start>): Transport {
  return defineTransport(name, (attempt, reporter) => {
    let link: Link | undefined;
    let closed = false;
    load().then(
      (start) => {
        if (!closed) link = start(attempt, reporter);
      },
      (error: unknown) => reporter.onClose({ code: 'lost', message: String(error) }),
    );
    return {
      send: (frame, session) => link?.send(frame, session),
      close() {
        closed = true;
        link?.close();
      },
    };
  });
}

/** Long-polling, for where nothing else passes. */
export function polling(): Transport {
  return lazy('polling', async () => (await import('./polling.js')).startPolling);
}
