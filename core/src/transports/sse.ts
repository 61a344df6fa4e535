import type { ClientFrame } from '../protocol.js';
import type { CloseReason, Transport } from '../transport.js';
import { defineTransport, endpoint, type Reporter } from './define.js';
import { createSseParser } from './sse-parser.js';

/**
 * Server-sent events, read by `fetch`: unlike an EventSource it can send headers and see why it was refused. A link carries one
 * topic, named in its URL, and has no `send`: the way is open in one direction only.
 */
export function sse(): Transport {
  return defineTransport('sse', ({ url, headers, open }, reporter) => {
    const abort = new AbortController();
    fetch(locate(url, open), {
      headers: { accept: 'text/event-stream', ...headers },
      credentials: 'include',
      cache: 'no-store',
      signal: abort.signal,
    })
      .then((response) => read(response, reporter))
      .catch((error: unknown) => reporter.end({ code: 'lost', message: String(error) }));
    return { close: () => abort.abort() };
  });
}

/** A GET has no frames: its URL says what is wanted, from where. */
function locate(url: string, open: readonly ClientFrame[]): URL {
  const target = endpoint(url);
  for (const frame of open) {
    if (!('subscribe' in frame)) continue;
    const [{ topic, id, version: v } = {}, more] = frame.subscribe;
    if (more) throw new Error('server-sent events carry one topic only');
    for (const [name, value] of Object.entries({ topic, id, v })) {
      if (value !== undefined) target.searchParams.set(name, `${value}`);
    }
  }
  return target;
}

async function read(response: Response, reporter: Reporter): Promise<void> {
  const { ok, status, headers, body } = response;
  if (!ok || !body || !headers.get('content-type')?.startsWith('text/event-stream')) {
    const { error }: Refusal = await response.json().catch(() => ({}));
    const { code = 'refused', message = 'no event stream' } = error ?? {};
    // Login and permission do not come by themselves; what else is wrong may be right on another way, or later.
    const final = status === 401 || status === 403;
    return reporter.end({ code, message: `${status}: ${message}`, ...(final && { retry: false }) });
  }
  reporter.open();
  const parse = createSseParser(({ data, event }) => event || reporter.message(data));
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return reporter.end({ code: 'lost', message: 'the stream ended' });
    reporter.byte();
    parse(value);
  }
}

interface Refusal {
  readonly error?: Partial<CloseReason>;
}
