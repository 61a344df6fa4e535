import type { Subscription } from '../protocol.js';
import type { CloseReason, Transport } from '../transport.js';
import { defineTransport, endpoint, type Reporter } from './define.js';
import { createSseParser } from './sse-parser.js';

/**
 * Server-sent events, read by `fetch`: unlike an EventSource it can send headers and see why it was refused. A link carries one
 * topic, named in its URL, and has no `send`: the way is open in one direction only.
 */
export function sse(): Transport {
  return defineTransport('sse', ({ url, headers, open }, reporter) => {
    const [{ topic, id, version: v } = {}, more] = open.flatMap((frame): readonly Subscription[] =>
      'subscribe' in frame ? frame.subscribe : [],
    );
    if (more) throw new Error('one topic only');
    const abort = new AbortController();
    fetch(endpoint(url, { topic, id, v }), {
      headers: { accept: 'text/event-stream', ...headers },
      credentials: 'include',
      cache: 'no-store',
      signal: abort.signal,
    })
      .then((response) => read(response, reporter))
      .catch((error: unknown) => reporter.onClose({ code: 'lost', message: String(error) }));
    return { close: () => abort.abort() };
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
  reporter.onClose({ code: 'lost', message: 'the stream ended' });
}

interface Refusal {
  readonly error?: Partial<CloseReason>;
}
