/** How long a full outlet may go without a byte on its socket, in ms; then its link is destroyed. */
export const STALL: number = 30_000;

/** The common part of a socket and a response of node:http. */
interface Timed {
  setTimeout(ms: number): unknown;
  on(event: 'timeout', listener: () => void): unknown;
  destroy(): unknown;
}

/**
 * Destroys a stream whose peer has stopped to read. Node's own time-out counts progress inside of a large write as well, so a
 * reader that is merely slow is left alone.
 *
 * @returns is notified whether the stream is full, each time that changes
 */
export function watchStall(stream: Timed, ms: number = STALL): (full: boolean) => void {
  stream.on('timeout', () => stream.destroy());
  return (full) => void stream.setTimeout(full ? ms : 0);
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
export function stallTimer(onStall: () => void, ms: number = STALL): (full: boolean) => void {
  let timer: NodeJS.Timeout | undefined;
  return (full) => {
    clearTimeout(timer);
    timer = full ? setTimeout(onStall, ms).unref() : undefined;
  };
}
