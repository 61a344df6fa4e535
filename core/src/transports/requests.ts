import { noteStream } from '#development';
import { load } from '../platform/load.js';
import type { Transport } from '../connection/transport.js';
import { defineTransport } from './define.js';

/** Creates a transport over HTTP requests. Its code is loaded when it is first tried, since few networks refuse WebSockets. */
function defineRequests(name: 'sse' | 'polling'): Transport {
  return defineTransport(name, (attempt, reporter, signal) => {
    noteStream(attempt, signal);
    const started = load().then(({ startRequests, [name]: receive }) =>
      startRequests(receive, attempt, reporter, signal),
    );
    started.catch((error: unknown) => reporter.onClose({ code: 'lost', message: `${error as Error}` }));
    return (text, hello) => void started.then((send) => send(text, hello));
  });
}

/** Server-sent events: one stream from the server, and a POST for each message to it. */
export const sse = (): Transport => defineRequests('sse');

/** Long-polling, for networks that let nothing else pass. */
export const polling = (): Transport => defineRequests('polling');
