import { sendingProgress } from './internals.js';

/** How long a full outlet may go without a byte on its socket, in ms; then its link is destroyed. */
export const STALL_MS: number = 30_000;

/** The common part of a socket and a response of node:http. */
interface Timed {
  setTimeout(ms: number): unknown;
  on(event: 'timeout', listener: () => void): unknown;
  destroy(): unknown;
}

/** How often a full socket is checked for progress, in parts of the time that it may go without. */
const CHECKS = 6;

/**
 * Destroys a stream whose peer has stopped to read: between `ms` and 7/6 of it after the last byte. Progress inside of a large write
 * counts as well, so a reader that is merely slow is left alone. Received bytes do not count.
 *
 * A stream that is not a socket of Node (HTTP/2) has only its own time-out, which may take twice as long.
 *
 * @returns is notified whether the stream is full, each time that changes
 */
export function watchStall(stream: Timed, ms: number = STALL_MS): (full: boolean) => void {
  if (sendingProgress(stream) === undefined) {
    stream.on('timeout', () => stream.destroy());
    return (full) => void stream.setTimeout(full ? ms : 0);
  }
  let timer: NodeJS.Timeout | undefined;
  return (full) => {
    clearInterval(timer);
    if (!full) return;
    let quiet = 0;
    let progress = sendingProgress(stream);
    timer = setInterval(() => {
      const before = progress;
      progress = sendingProgress(stream);
      if (progress === undefined) return clearInterval(timer); // it is closed
      quiet = progress === before ? quiet + 1 : 0;
      if (quiet === CHECKS) stream.destroy();
    }, ms / CHECKS).unref();
  };
}

/** Whether a stream can be watched: a socket can, its substitute in another protocol may not. */
export function isTimed(stream: object): stream is Timed {
  return 'setTimeout' in stream;
}

/**
 * The same for a stream that has no time-out of its own and is notified of its progress.
 *
 * @param onStall called once it has been full for `ms` since it was last told
 * @returns is notified whether it is full, each time that changes or data has moved
 */
export function stallTimer(onStall: () => void, ms: number = STALL_MS): (full: boolean) => void {
  let timer: NodeJS.Timeout | undefined;
  return (full) => {
    clearTimeout(timer);
    timer = full ? setTimeout(onStall, ms).unref() : undefined;
  };
}
