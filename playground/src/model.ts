/** The values of the playground's two endpoints: types alone, shared by server and page. */

/** The machine that the server runs on, as `/machine` publishes it. */
export interface Machine {
  host: string;
  system: string;
  processor: string;
  /** Seconds since the machine started. */
  uptime: number;
  /** Load of each core, in percent. */
  load: number[];
  /** Load average of 1, 5 and 15 minutes; zeros if the system has none. */
  average: number[];
  memory: Memory;
  /** Null if the system does not report it. */
  network: Rates | null;
  /** The last minute, oldest first. */
  history: Sample[];
  /** How many processes there are; 0 if the system does not report it. */
  processCount: number;
  /** The busiest ones, busiest first. */
  processes: Process[];
}

/** In bytes. */
export interface Memory {
  total: number;
  used: number;
}

/** Bytes per second over all interfaces but loopback. */
export interface Rates {
  received: number;
  sent: number;
}

/** One moment of the past. `load` is the mean of all cores, in percent; `memory` is the memory in use, in bytes. */
export interface Sample extends Rates {
  id: number;
  load: number;
  memory: number;
}

export interface Process {
  /** The process id. */
  id: number;
  name: string;
  /** Percent of one core. */
  cpu: number;
  /** Resident bytes. */
  memory: number;
}

/** The notes that everyone edits, as `/board` publishes them. */
export interface Board {
  columns: Column[];
}

export interface Column {
  id: ColumnId;
  title: string;
  cards: Card[];
}

export type ColumnId = 'todo' | 'doing' | 'done';

export interface Card {
  id: string;
  text: string;
}

/** Longest text of a card, in UTF-16 units. */
export const MAX_TEXT = 280;
