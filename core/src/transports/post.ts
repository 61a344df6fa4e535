import type { Attempt } from '../connection/transport.js';
import type { Hello, Limits } from '../protocol/frames.js';
import type { Reporter } from './define.js';
import { linkHeaders } from './link-headers.js';
import { reportRefusal } from './report-refusal.js';
import { request } from './request.js';

/** How long the answer to a POST may take, in ms, besides the time for its body. The server may wait for a callback of the application. */
const ANSWER_MS = 20_000;

/** The slowest transfer of a body that we wait for. */
const MIN_BYTES_PER_MS = 16;

/** The longest body that a browser still sends when its page closes, in bytes (Fetch Standard, `keepalive`). */
const MOST_KEPT_BYTES = 65_536;

/** Where the frames of one link go. */
export interface PostOptions extends Pick<Attempt, 'url' | 'headers' | 'credentials'> {
  /** Names the session and the link of the frames, and the longest POST that the server takes. */
  readonly hello: Pick<Hello, 'session' | 'link'> & { readonly limits: Pick<Limits, 'frame'> };
  readonly signal: AbortSignal;
  /** Receives the answers, or a failure, which ends the link: the frames of that POST may have arrived or not. */
  readonly reporter: Reporter;
}

/**
 * Sends to the server over a link that goes one way only: frames go by POST, one POST at a time, so that they arrive in order. Frames
 * that are sent meanwhile leave together, as far as the server takes them. As over a WebSocket, frames that wait when the link is closed
 * still leave.
 */
export function createPost(options: PostOptions): (text: string) => void {
  const { hello, signal, reporter } = options;
  const waiting: string[] = [];
  let busy = false;
  /** Numbers the POSTs, because a network may repeat one. */
  let count = 0;

  async function post(): Promise<void> {
    busy = true;
    await Promise.resolve(); // frames of one tick leave together
    while (waiting.length > 0) {
      let size = 0;
      // In UTF-8, a character of a string has three bytes at most.
      const over = waiting.findIndex((text) => (size += 3 * text.length + 3) > hello.limits.frame);
      const texts = waiting.splice(0, over < 0 ? waiting.length : Math.max(over, 1));
      const headers = { accept: 'application/json', ...linkHeaders(hello), 'velox-post': `${++count}` };
      const timeout = new AbortController();
      const timer = setTimeout(() => timeout.abort(), ANSWER_MS + size / MIN_BYTES_PER_MS);
      try {
        const response = await request(options, headers, {
          method: 'POST',
          body: `[${texts.join()}]`,
          signal: timeout.signal,
          keepalive: signal.aborted && size < MOST_KEPT_BYTES,
        });
        if (!response.ok || !response.headers.get('content-type')?.includes('json')) {
          return await reportRefusal(response, reporter);
        }
        reporter.onMessage(await response.text()); // an acknowledgement
      } finally {
        clearTimeout(timer);
      }
    }
    busy = false;
  }

  return (text) => {
    waiting.push(text);
    if (!busy) post().catch((error: unknown) => reporter.onClose({ code: 'lost', message: String(error) }));
  };
}
