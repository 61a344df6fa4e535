import { createCell, type Readable } from '../reactive/readable.js';

/** Counts the events that were given up, by either side. */
export interface DropCounter {
  readonly count: Readable<number>;
  readonly add: (count: number) => void;
  /**
   * Receives the server's own sum of one session.
   *
   * @param isSame false for the first sum of a new session, which counts from 0
   */
  readonly receive: (sum: number, isSame?: boolean) => void;
}

export function createDropCounter(): DropCounter {
  const { set, ...count } = createCell(0);
  /** The server's last sum of the present session. */
  let counted = 0;
  const add = (more: number): void => set(count.get() + more);
  return {
    count,
    add,
    receive(sum, isSame = true) {
      add(isSame ? sum - counted : sum);
      counted = sum;
    },
  };
}
