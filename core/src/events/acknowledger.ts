/** Events are acknowledged together: after so many ms, or so many of them. */
const ACK_DELAY_MS = 500;
const ACK_COUNT = 100;

/** Acknowledges the server's events. */
export interface Acknowledger {
  /** An event of that number has arrived. */
  readonly receive: (seq: number) => void;
  readonly stop: () => void;
}

/** @param acknowledge says that all events up to that number have arrived; without a link, the next open frame says it */
export function createAcknowledger(acknowledge: (seq: number) => void): Acknowledger {
  let pending = 0;
  let newest: number;
  let timer: ReturnType<typeof setTimeout>;
  const flush = (): void => {
    clearTimeout(timer);
    pending = 0;
    acknowledge(newest);
  };
  return {
    receive(seq) {
      newest = seq;
      pending++;
      if (pending >= ACK_COUNT) flush();
      else if (pending === 1) timer = setTimeout(flush, ACK_DELAY_MS);
    },
    stop: () => clearTimeout(timer),
  };
}
