/** How long the connection stays open after the last event was acknowledged. */
const LINGER_MS = 1_000;

/** Holds a connection while it is needed, and a little longer. */
export interface LingeringHold {
  readonly need: (isNeeded: boolean) => void;
  readonly stop: () => void;
}

/** @param hold holds the connection until the function that it returns is called */
export function createLingeringHold(hold: () => () => void): LingeringHold {
  let release: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout>;
  return {
    need(isNeeded) {
      clearTimeout(timer);
      if (isNeeded) release ??= hold();
      else {
        timer = setTimeout(() => {
          release?.();
          release = undefined;
        }, LINGER_MS);
      }
    },
    stop: () => clearTimeout(timer),
  };
}
