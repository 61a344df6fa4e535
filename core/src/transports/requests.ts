import { load } from '../platform/load.js';
import type { Transport } from '../connection/transport.js';
import { defineTransport, type Receive } from './define.js';

/** Creates a transport that lives on HTTP requests; frames are sent by POST, with a module that is loaded on need. */
export function defineRequests(name: string, receive: Receive): Transport {
  return defineTransport(name, (attempt, reporter, signal) => {
    let post: Promise<(text: string) => void> | undefined;
    const fail = (error: unknown): void => reporter.onClose({ code: 'lost', message: `${error as Error}` });
    receive(attempt, reporter, signal).catch(fail);
    return (text, hello) => {
      post ??= load().then(({ createPost }) => createPost({ ...attempt, hello, signal, reporter }));
      post.then((send) => send(text)).catch(fail);
    };
  });
}

/** Long-polling, for networks that let nothing else pass. It is loaded when it is first tried. */
export function polling(): Transport {
  return defineRequests('polling', async (...attempt) => (await load()).poll(...attempt));
}
