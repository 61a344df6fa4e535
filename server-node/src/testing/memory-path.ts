import { createZone, type VirtualTime, type Zone } from './virtual-time.js';

/** One live connection, for code that harms it. */
export interface Harmable {
  /** Closes it at both ends. */
  cut(): void;
  /** Stops all delivery. At most one end is notified. */
  halfOpen(told: 'client' | 'server' | 'nobody'): void;
  /** Destroys both ends immediately, in no time. */
  destroy(): void;
}

/** The purpose of a connection. */
export type Purpose = 'websocket' | 'sse' | 'polling' | 'post';

/** The path between one client and the server, with a lever for each fault. */
export class Path {
  readonly time: VirtualTime;
  readonly zone: Zone;
  /** Draws the latency of a new connection's direction, in ms. */
  latency: () => number;
  /** Added to each latency, in ms. */
  delay = 0;
  /** Bytes per ms that pass. */
  rate: number = Infinity;
  /** In virtual ms: until then nothing arrives, then everything. */
  stalledUntil = 0;
  /** New connections of these purposes are refused. */
  refused: readonly Purpose[] = [];
  /** Draws how many ms later each POST arrives once more; undefined: it does not. */
  echo: (() => number) | undefined;
  /** Draws after how many ms a poll is repeated, as browsers do if its connection breaks; undefined: it is not. */
  repeat: (() => number | undefined) | undefined;
  readonly connections: Set<Harmable> = new Set();
  /** Nothing passes any more. */
  isOver = false;

  constructor(time: VirtualTime, name: string) {
    this.time = time;
    this.latency = () => 1;
    this.zone = createZone(name);
  }

  cut(): void {
    for (const connection of [...this.connections]) connection.cut();
  }

  halfOpen(told: 'client' | 'server' | 'nobody'): void {
    for (const connection of [...this.connections]) connection.halfOpen(told);
  }

  /** Destroys all connections and each new one. */
  end(): void {
    this.isOver = true;
    for (const connection of [...this.connections]) connection.destroy();
  }

  /** Resets all levers. Half-open connections stay half open. */
  heal(): void {
    this.delay = 0;
    this.rate = Infinity;
    this.stalledUntil = 0;
    this.refused = [];
    this.echo = undefined;
    this.repeat = undefined;
  }
}
