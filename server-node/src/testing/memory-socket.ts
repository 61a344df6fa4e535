import { Duplex } from 'node:stream';
import type { Path } from './memory-path.js';
import type { VirtualTime, Zone } from './virtual-time.js';
import { MemoryLane } from './memory-lane.js';

/** Bytes in flight that the network holds in one direction; the rest waits in the sender's buffer. */
const WINDOW_BYTES = 16_384;

/** One end of a connection: as much of a `net.Socket` as HTTP and WebSockets use. */
class MemorySocket extends Duplex {
  peer!: MemorySocket;
  readonly zone: Zone;
  readonly #time: VirtualTime;
  readonly #out: MemoryLane;
  #waiting: (() => void) | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #idleMs = 0;

  constructor(time: VirtualTime, zone: Zone, out: MemoryLane, allowHalfOpen: boolean) {
    super({ allowHalfOpen });
    this.#time = time;
    this.zone = zone;
    this.#out = out;
    this.on('error', () => undefined); // 'close' says it
  }

  /** As of `net.Socket`: 'timeout' after so many ms without progress; 0: never. */
  setTimeout(ms: number, callback?: () => void): this {
    this.#idleMs = ms;
    if (callback) this.once('timeout', callback);
    this.#progress();
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Discards all later messages. */
  hole(): void {
    this.#out.hole = true;
  }

  override _write(chunk: Buffer, _encoding: unknown, done: () => void): void {
    this.#progress();
    this.#out.carry(
      chunk.length,
      () => this.peer.#arrive(chunk),
      () => {
        // Nearly always there is no listener; this saves a task.
        if (this.#waiting || this.#idleMs) this.#time.schedule(0, () => this.#go(), this.zone);
      },
    );
    if (this.#out.inFlight < WINDOW_BYTES) done();
    else this.#waiting = done;
  }

  override _final(done: () => void): void {
    this.#out.carry(0, () => this.peer.push(null));
    done();
  }

  override _read(): void {
    // received messages are pushed, so the path's rate is that of its reader
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#idle);
    if (!this.writableFinished && !this.peer.destroyed) this.#out.carry(0, () => void this.peer.destroy());
    done(error);
  }

  #go(): void {
    this.#progress();
    const next = this.#waiting;
    this.#waiting = undefined;
    next?.();
  }

  #arrive(chunk: Buffer): void {
    if (this.destroyed) return this.#out.carry(0, () => void this.peer.destroy());
    this.#progress();
    this.push(chunk);
  }

  #progress(): void {
    clearTimeout(this.#idle);
    if (this.#idleMs > 0) this.#idle = setTimeout(() => this.emit('timeout'), this.#idleMs);
  }
}

/**
 * Makes a connection over a path.
 *
 * @param accept gets the server's end when the request to connect has arrived there
 * @returns the client's end
 */
export function dial(path: Path, server: Zone, accept: (far: Duplex) => void): Duplex {
  const { time, zone } = path;
  const up = new MemoryLane(path, zone, server);
  const down = new MemoryLane(path, server, zone);
  const near = new MemorySocket(time, zone, up, false);
  const far = new MemorySocket(time, server, down, true);
  near.peer = far;
  far.peer = near;
  const lose = (socket: MemorySocket): void =>
    void time.schedule(0, () => socket.destroy(new Error('ECONNRESET')), socket.zone);
  const connection = {
    cut() {
      up.cut();
      down.cut();
      lose(near);
      lose(far);
    },
    halfOpen(told: 'client' | 'server' | 'nobody') {
      near.hole();
      far.hole();
      if (told === 'client') lose(near);
      if (told === 'server') lose(far);
    },
    destroy() {
      near.destroy();
      far.destroy();
    },
  };
  path.connections.add(connection);
  if (path.isOver) connection.destroy();
  let open = 2;
  for (const socket of [near, far]) {
    socket.once('close', () => --open || path.connections.delete(connection));
  }
  up.carry(0, () => accept(far));
  return near;
}
