import type { Duplex } from 'node:stream';
import { joined } from './join-buffers.js';
import { FULL_BYTES } from '../../wire/outlet.js';
import { isTimed, watchStall } from './stall.js';

/** Writes encoded messages to a socket, and reports as an outlet does when it is full, drains or stalls. */
export class SocketWriter {
  readonly #socket: Duplex;
  readonly #onDrain: () => void;
  /** Created when the socket is full for the first time: most never are. */
  #stall: ((full: boolean) => void) | undefined;

  constructor(socket: Duplex, onDrain: () => void) {
    this.#socket = socket;
    this.#onDrain = onDrain;
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.#socket.writableLength;
  }

  /**
   * Takes all parts, in one write; false as `Outlet.write` has it.
   *
   * @param begin writes something to the socket that goes before them
   */
  writeAll(parts: readonly Buffer[], begin?: () => void): boolean {
    const socket = this.#socket;
    const chunks = joined(parts);
    if (chunks.length === 1 && !begin) return this.writeOne(chunks[0] as Buffer);
    socket.cork();
    begin?.();
    for (const chunk of chunks) socket.write(chunk);
    socket.uncork();
    return this.#hasRoom();
  }

  /** The same for a single part. */
  writeOne(part: Buffer): boolean {
    this.#socket.write(part);
    return this.#hasRoom();
  }

  #hasRoom(): boolean {
    const socket = this.#socket;
    if (socket.writableLength < FULL_BYTES) return true;
    const stall = (this.#stall ??= isTimed(socket) ? watchStall(socket) : () => undefined);
    stall(true);
    socket.once('drain', () => {
      stall(false);
      this.#onDrain();
    });
    return false;
  }
}
