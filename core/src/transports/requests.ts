import { load } from '../platform/load.js';
import type { ClientFrame } from '../protocol/frames.js';
import type { Transport } from '../connection/transport.js';
import { defineTransport, endpoint, type Receive } from './define.js';

/** Makes a transport that lives on HTTP requests; what is sent goes by POST, with a module that is loaded on need. */
export function defineRequests(name: string, receive: Receive): Transport {
  return defineTransport(name, (attempt, reporter, signal) => {
    let post: Promise<(frame: ClientFrame) => void> | undefined;
    const fail = (error: unknown): void => reporter.onClose({ code: 'lost', message: `${error as Error}` });
    receive(attempt, reporter, signal).catch(fail);
    return (frame, hello) => {
      post ??= load().then(({ createPost }) =>
        createPost({ ...attempt, url: endpoint(attempt.url), hello, signal, reporter }),
      );
      post.then((send) => send(frame)).catch(fail);
    };
  });
}

/** Long-polling, for where nothing else passes: loaded when it is first tried. */
export function polling(): Transport {
  return defineRequests('polling', async (...attempt) => (await load()).poll(...attempt));
}
