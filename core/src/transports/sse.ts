import type { ClientFrame, OpenFrame, SubscribeFrame } from '../protocol.js';
import type { Transport } from '../transport.js';
import { defineTransport, endpoint, readRefusal, type Reporter } from './define.js';
import { createSseParser } from './sse-parser.js';

/**
 * Server-sent events, read by `fetch`: unlike an EventSource it can send headers and see why it was refused. A new session for one
 * topic is asked for by GET, anything else by POST; so is what is sent later, by a module that is loaded on need.
 */
export function sse(): Transport {
  return defineTransport('sse', ({ url, headers, open }, reporter) => {
    const [{ open: former }, { subscribe } = {}] = open as [OpenFrame, SubscribeFrame?];
    const [{ topic, id, version: v } = {}, more] = subscribe ?? [];
    const byPost = former.session ?? (more || !subscribe);
    const abort = new AbortController();
    const { signal } = abort;
    const fail = (error: unknown): void => reporter.onClose({ code: 'lost', message: `${error as Error}` });
    let post: Promise<(frame: ClientFrame) => void> | undefined;
    fetch(endpoint(url, byPost ? {} : { topic, id, v }), {
      ...(byPost && { method: 'POST', body: JSON.stringify(open) }),
      headers: { accept: 'text/event-stream', ...headers },
      credentials: 'include',
      cache: 'no-store',
      signal,
    })
      .then((response) => read(response, reporter))
      .catch(fail);
    return {
      send(frame, session) {
        post ??= import('./post.js').then(({ createPost }) =>
          createPost({ headers, url: endpoint(url), session, signal, reporter }),
        );
        post.then((send) => send(frame)).catch(fail);
      },
      close: () => abort.abort(),
    };
  });
}

async function read(response: Response, reporter: Reporter): Promise<void> {
  if (!response.ok || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
    return reporter.onClose(await readRefusal(response));
  }
  reporter.onOpen();
  const parse = createSseParser((data, event) => event || reporter.onMessage(data));
  const write = (text: string): void => {
    reporter.onByte();
    parse(text);
  };
  await response.body!.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write }));
  reporter.onClose({ code: 'lost', message: 'ended' });
}
