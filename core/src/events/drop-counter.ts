import { createCell, type Readable } from '../reactive/readable.js';

/** Counts the events that were given up, by either side. */
export interface DropCounter {
  readonly count: Readable<number>;
  readonly add: (count: number) => void;
  /** The server's own count, which is that of one session. */
  readonly server: (count: number, isSameSession: boolean) => void;
}

export function createDropCounter(): DropCounter {
  const { set, ...count } = createCell(0);
  /** How many of the present session the server has told so far. */
  let counted = 0;
  const add = (more: number): void => set(count.get() + more);
  return {
    count,
    add,
    server(total, isSameSession) {
      add(total - (isSameSession ? counted : 0));
      counted = total;
    },
  };
}
