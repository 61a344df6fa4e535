import type { Attempt, Link, Transport } from '../connection/transport.js';

/** How long after the link opened the first trial comes; each next one waits twice as long, up to the limit. */
const FIRST_TRIAL_MS = 5_000;
const LONGEST_WAIT_MS = 600_000;
/** How long a trial may take until the server says hello: as long as any attempt. */
const TRIAL_MS = 4_000;

/**
 * Tries preferred transports beside the one in use, the best first. Each trial is a link of its own that ends with the server's hello, so
 * the application misses no updates while a trial fails. A proxy that buffers holds hello back, since the server leaves the trial open.
 *
 * @param preferred in the order of preference
 * @param attemptOf begins a trial, with the credentials of that time; its `open` has `trial`, so the server opens no session
 * @param onFound called once, with the index of the one that opened
 * @returns ends it
 */
export function retryPreferred(
  preferred: readonly Transport[],
  attemptOf: () => Attempt,
  onFound: (index: number) => void,
): () => void {
  let wait = FIRST_TRIAL_MS;
  let timer: ReturnType<typeof setTimeout>;
  let trial: Link | undefined;

  const stop = (): void => {
    clearTimeout(timer);
    trial?.close();
  };
  const later = (): void => {
    timer = setTimeout(next, wait, 0);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  };
  const next = (index: number): void => {
    const transport = preferred[index];
    if (!transport) return later();
    const fail = (): void => {
      stop();
      next(index + 1);
    };
    timer = setTimeout(fail, TRIAL_MS);
    trial = transport(attemptOf(), {
      onOpen() {},
      onByte() {},
      onFrame(frame) {
        if (!('hello' in frame)) return;
        stop();
        onFound(index);
      },
      onClose: fail,
    });
  };
  later();
  return stop;
}
