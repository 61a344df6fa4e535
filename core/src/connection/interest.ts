/** The reasons to keep a connection open: wanted topics and holders. */
export interface Interest {
  readonly isAny: () => boolean;
  /** Something may have changed: `onChange` is called at the end of the tick, once. */
  readonly touch: () => void;
  /** Keeps the connection open, also without topics, until the returned function is called. Call that function exactly once. */
  readonly hold: () => () => void;
}

/** Creates the interest in one connection. Requests of one tick are handled together. */
export function createInterest(hasWanted: () => boolean, onChange: () => void): Interest {
  let holds = 0;
  let isScheduled = false;
  const touch = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    queueMicrotask(() => {
      isScheduled = false;
      onChange();
    });
  };
  return {
    isAny: () => holds > 0 || hasWanted(),
    touch,
    hold() {
      holds++;
      touch();
      return () => {
        holds--;
        touch();
      };
    },
  };
}
