import { PATIENCE } from '../platform/timing.js';
import type { Attempt, Link, Transport } from '../connection/transport.js';

/** How long after the link opened the first trial comes; each next one waits twice as long, up to the limit. */
const FIRST = 5_000;
const LIMIT = 600_000;

/**
 * Tries better transports beside the one in use, the best first, each by a link of its own that ends with the server's hello: nobody
 * is without news while a path turns out to be closed still.
 *
 * @param better in the order of preference
 * @param attempt what a trial starts with; it must not name the session, which would move
 * @param onFound called once, with the place of the one that opened
 * @returns ends it
 */
export function climb(
  better: readonly Transport[],
  attempt: Attempt,
  onFound: (at: number) => void,
): () => void {
  let wait = FIRST;
  let timer: ReturnType<typeof setTimeout>;
  let trial: Link | undefined;

  const stop = (): void => {
    clearTimeout(timer);
    trial?.close();
  };
  const later = (): void => {
    timer = setTimeout(next, wait, 0);
    wait = Math.min(wait * 2, LIMIT);
  };
  const next = (at: number): void => {
    const transport = better[at];
    if (!transport) return later();
    const fail = (): void => {
      stop();
      next(at + 1);
    };
    timer = setTimeout(fail, PATIENCE);
    trial = transport(attempt, {
      onOpen() {},
      onByte() {},
      onFrame(frame) {
        if (!('hello' in frame)) return;
        stop();
        onFound(at);
      },
      onClose: fail,
    });
  };
  later();
  return stop;
}
