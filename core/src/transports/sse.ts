import { load } from '../platform/load.js';
import type { OpenFrame, SubscribeFrame } from '../protocol/frames.js';
import type { Transport } from '../connection/transport.js';
import { endpoint } from './define.js';
import { defineRequests } from './requests.js';

/**
 * Server-sent events, read by `fetch`: unlike an EventSource it can send headers and see why it was refused. A new session for one
 * topic is asked for by GET, anything else by POST. Each frame is one line (PROTOCOL.md), and JSON does not mind a CR at its end.
 */
export function sse(): Transport {
  return defineRequests('sse', async ({ url, headers, open }, reporter, signal) => {
    const [{ open: former }, { subscribe } = {}] = open as [OpenFrame, SubscribeFrame?];
    const [{ topic, id, version: v } = {}, more] = subscribe ?? [];
    const byPost = former.session ?? (more || !subscribe);
    const response = await fetch(endpoint(url, byPost ? {} : { topic, id, v }), {
      ...(byPost && { method: 'POST', body: JSON.stringify(open) }),
      headers: { accept: 'text/event-stream', ...headers },
      credentials: 'include',
      cache: 'no-store',
      signal,
    });
    if (!response.ok || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
      return (await load()).refuse(response, reporter);
    }
    reporter.onOpen();
    let rest = '';
    const write = (text: string): void => {
      reporter.onByte();
      // Only what is new is searched, so a line that comes in a thousand pieces costs its length once.
      const lines = text.split('\n');
      lines[0] = rest + lines[0];
      rest = lines.pop()!;
      for (const line of lines) if (line.startsWith('data:')) reporter.onMessage(line.slice(5).trim());
    };
    await response.body!.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write }));
    reporter.onClose({ code: 'lost', message: 'ended' });
  });
}
