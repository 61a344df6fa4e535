import type { Hello, ServerFrame } from '../protocol/frames.js';
import type { Receive } from './define.js';
import { linkHeaders } from './link-headers.js';
import { reportRefusal } from './report-refusal.js';
import { request } from './request.js';

/** How long the next poll waits after an answer that has nothing but signs of life, in ms. */
const IDLE_POLL_MS = 100;

/**
 * Long-polling: a POST opens the session and brings the first frames; then each GET takes the pending ones, or waits for some. The slowest
 * transport, and the one that works on every network. Polls are numbered, since a browser may repeat a GET by itself.
 */
export const poll: Receive = async (attempt, reporter, signal, send) => {
  let hello: Hello | undefined;
  /** No request is under way, so the server would not see that the link ends. */
  let isBetween = false;
  for (let count = 0; !signal.aborted; count++) {
    const response = await request(
      attempt,
      { accept: 'application/json', ...(hello && { ...linkHeaders(hello), 'velox-poll': `${count}` }) },
      { ...(!hello && { method: 'POST', body: JSON.stringify(attempt.open) }), signal },
    );
    if (!response.ok || !response.headers.get('content-type')?.includes('json')) {
      return reportRefusal(response, reporter);
    }
    if (!hello) reporter.onOpen();
    let text = '';
    const write = (part: string): void => {
      reporter.onByte();
      text += part;
    };
    await response.body!.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write }));
    const frames = JSON.parse(text) as ServerFrame[];
    if (!Array.isArray(frames)) return reportRefusal(response, reporter);
    isBetween = frames.length > 0;
    for (const frame of frames) {
      reporter.onMessage(JSON.stringify(frame));
      if (signal.aborted) return; // it was no sound frame, or the link was closed
      if ('hello' in Object(frame) && !hello) {
        hello = (frame as { hello: Hello }).hello;
        // The server sees no request end between two polls. Nor does it behind a service worker, which does not abort the request that it
        // forwards.
        signal.addEventListener('abort', () => {
          if (isBetween || globalThis.navigator?.serviceWorker?.controller) send('{"bye":true}', hello!);
        });
      }
    }
    if (!hello) return reportRefusal(response, reporter);
    // A server answers when there is something to say: an empty answer means that this link is over.
    if (!frames.length) throw new Error('a poll was answered by nothing');
    if (frames.every((frame) => 'ping' in Object(frame))) {
      await new Promise((resolve) => setTimeout(resolve, IDLE_POLL_MS));
    }
    isBetween = false;
  }
};
