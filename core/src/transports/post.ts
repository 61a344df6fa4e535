import { refuse } from './refuse.js';
import type { ClientFrame, Hello, Limits } from '../protocol/frames.js';
import type { Attempt } from '../connection/transport.js';
import { type Reporter } from './define.js';
import { named } from './link-headers.js';

/** Where the frames of one link go. */
export interface PostOptions extends Pick<Attempt, 'headers'> {
  /** The endpoint, with the query that asks for this version. */
  readonly url: string;
  /** It names the session and the link that they belong to, and how long a POST may be. */
  readonly hello: Pick<Hello, 'session' | 'link'> & { readonly limits: Pick<Limits, 'frame'> };
  readonly signal: AbortSignal;
  /** Told of answers, and of a failure, with which the link ends: what a POST carried may have arrived or not. */
  readonly reporter: Reporter;
}

/**
 * The way to the server where a link goes one way only: frames go by POST, one POST at a time, so that they arrive in order. What
 * is said while one is under way leaves together, as far as the server takes it.
 */
export function createPost({
  url,
  headers,
  hello,
  signal,
  reporter,
}: PostOptions): (frame: ClientFrame) => void {
  const waiting: string[] = [];
  let busy = false;
  /** Tells a POST from its repetition, which a network may make. */
  let count = 0;

  async function post(): Promise<void> {
    busy = true;
    await Promise.resolve(); // what one tick says leaves together
    while (waiting.length > 0) {
      let size = 0;
      // Of UTF-8, a character in a string has three bytes at most.
      const over = waiting.findIndex((text) => (size += 3 * text.length + 3) > hello.limits.frame);
      const frames = waiting.splice(0, over < 0 ? waiting.length : Math.max(over, 1));
      const response = await fetch(url, {
        method: 'POST',
        headers: { accept: 'application/json', ...named(hello), 'velox-post': `${++count}`, ...headers },
        body: `[${frames.join()}]`,
        credentials: 'include',
        signal,
      });
      if (!response.ok) return refuse(response, reporter);
      reporter.onMessage(await response.text()); // an acknowledgement
    }
    busy = false;
  }

  return (frame) => {
    waiting.push(JSON.stringify(frame));
    if (!busy) post().catch((error: unknown) => reporter.onClose({ code: 'lost', message: String(error) }));
  };
}
