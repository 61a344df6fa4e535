/** Holds a connection while it is needed, and for 1 s more. */
export interface ConnectionHold {
  /** Called after each event and acknowledgement. */
  readonly need: (isNeeded: boolean) => void;
  readonly stop: () => void;
}

/**
 * @param hold holds the connection until the returned function is called
 * @param onQuiet called once nothing has happened for 1 s, and the connection is still needed
 */
export function createConnectionHold(hold: () => () => void, onQuiet: () => void): ConnectionHold {
  /** How long the connection stays open after the last event was acknowledged, and how long it waits before it asks for that. */
  const LINGER_MS = 1_000;
  let release: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout>;
  return {
    need(isNeeded) {
      clearTimeout(timer);
      if (isNeeded) release ??= hold();
      timer = setTimeout(() => {
        if (isNeeded) onQuiet();
        else {
          release?.();
          release = undefined;
        }
      }, LINGER_MS);
    },
    stop: () => clearTimeout(timer),
  };
}
