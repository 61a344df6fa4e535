import { refuse } from './refuse.js';
import type { ClientFrame } from '../protocol.js';
import type { Attempt } from '../transport.js';
import { type Reporter } from './define.js';

/** Where the frames of one link go. */
export interface PostOptions extends Pick<Attempt, 'headers'> {
  /** The endpoint, with the query that asks for this version. */
  readonly url: string;
  /** The session that they belong to. */
  readonly session: string;
  readonly signal: AbortSignal;
  /** Told of answers, and of a failure, with which the link ends: what a POST carried may have arrived or not. */
  readonly reporter: Reporter;
}

/**
 * The way to the server where a link goes one way only: frames go by POST, one POST at a time, so that they arrive in order. What
 * is said while one is under way leaves together.
 */
export function createPost({
  url,
  headers,
  session,
  signal,
  reporter,
}: PostOptions): (frame: ClientFrame) => void {
  let waiting: ClientFrame[] = [];
  let busy = false;

  async function post(): Promise<void> {
    busy = true;
    await Promise.resolve(); // what one tick says leaves together
    while (waiting.length > 0) {
      const frames = waiting;
      waiting = [];
      const response = await fetch(url, {
        method: 'POST',
        headers: { accept: 'application/json', 'velox-session': session, ...headers },
        body: JSON.stringify(frames),
        credentials: 'include',
        signal,
      });
      if (!response.ok) return refuse(response, reporter);
      reporter.onMessage(await response.text()); // an acknowledgement
    }
    busy = false;
  }

  return (frame) => {
    waiting.push(frame);
    if (!busy) post().catch((error: unknown) => reporter.onClose({ code: 'lost', message: String(error) }));
  };
}
