import type { ClientFrame, OpenFrame, SubscribeFrame } from '../protocol.js';
import type { CloseReason, Transport } from '../transport.js';
import { defineTransport, endpoint, type Reporter } from './define.js';
import { createSseParser } from './sse-parser.js';

/**
 * Server-sent events, read by `fetch`: unlike an EventSource it can send headers and see why it was refused. One topic is asked for
 * by GET, several by POST; so is what is sent later, by a module that is loaded on need.
 */
export function sse(): Transport {
  return defineTransport('sse', ({ url, headers, open }, reporter) => {
    const [, { subscribe }] = open as [OpenFrame, SubscribeFrame];
    const [{ topic, id, version: v } = {}, more] = subscribe;
    const abort = new AbortController();
    const { signal } = abort;
    const fail = (error: unknown): void => reporter.onClose({ code: 'lost', message: `${error as Error}` });
    let post: Promise<(frame: ClientFrame) => void> | undefined;
    fetch(endpoint(url, more ? {} : { topic, id, v }), {
      ...(more && { method: 'POST', body: JSON.stringify(open) }),
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
          createPost({ headers, url: endpoint(url), session, signal, onFail: reporter.onClose }),
        );
        post.then((send) => send(frame)).catch(fail);
      },
      close: () => abort.abort(),
    };
  });
}

async function read(response: Response, reporter: Reporter): Promise<void> {
  const { ok, status, headers, body } = response;
  if (!ok || !headers.get('content-type')?.startsWith('text/event-stream')) {
    const { error } = (await response.json().catch(() => ({}))) as Refusal;
    const { code = 'refused', message = 'no event stream' } = error ?? {};
    // Login and permission do not come by themselves; what else is wrong may be right on another way, or later.
    const final = status === 401 || status === 403;
    return reporter.onClose({ code, message: `${status}: ${message}`, ...(final && { retry: false }) });
  }
  reporter.onOpen();
  const parse = createSseParser((data, event) => event || reporter.onMessage(data));
  const write = (text: string): void => {
    reporter.onByte();
    parse(text);
  };
  await body!.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write }));
  reporter.onClose({ code: 'lost', message: 'ended' });
}

interface Refusal {
  readonly error?: Partial<CloseReason>;
}
