import { ServerResponse } from 'node:http';
import { HttpChunk } from '../../wire/http-chunk.js';
import { GZIP_HEAD } from '../../wire/deflate.js';
import type { Message } from '../../wire/message.js';
import { CLOSE_MS, type Outlet } from '../../wire/outlet.js';
import { SocketWriter } from '../socket/writer.js';
import { watchStall } from '../socket/stall.js';

/** An event stream that is the answer of a response of node:http; the head leaves with the first write. */
export class NodeStream implements Outlet {
  readonly transport = 'sse';
  readonly isTwoWay = false;
  readonly #response: ServerResponse;
  readonly #form: 'sse' | 'gzip';
  /** Called once. */
  #begin: (() => boolean) | undefined;
  #hasBegun = false;
  readonly #onDrain: () => void;
  /** The route of writes, set by the first one. */
  #straight: SocketWriter | undefined;
  #write: ((pieces: readonly HttpChunk[]) => boolean) | undefined;

  /**
   * @param form how messages are encoded; the head says the same
   * @param begin sets the head, if it can
   */
  constructor(response: ServerResponse, form: 'sse' | 'gzip', begin: () => boolean, onDrain: () => void) {
    this.#response = response;
    this.#form = form;
    this.#begin = begin;
    this.#onDrain = onDrain;
  }

  get waiting(): number {
    return this.#response.writableLength;
  }

  write(messages: readonly Message[]): boolean {
    const form = this.#form;
    if (this.#straight) {
      if (this.#response.writableEnded) return true; // 'close' follows
      return this.#straight.writeAll(messages.map((each) => each[form].chunk));
    }
    const pieces = messages.map((each) => each[form]);
    if (this.#write) return this.#response.writableEnded || this.#write(pieces);
    return this.#writeFirst(form === 'gzip' ? [GZIP, ...pieces] : pieces);
  }

  close(): void {
    const response = this.#response;
    if (!this.#start()) return;
    response.end();
    const timer = setTimeout(() => response.destroy(), CLOSE_MS).unref();
    response.once('close', () => clearTimeout(timer));
  }

  /** Returns whether the head is set. */
  #start(): boolean {
    const begin = this.#begin;
    this.#begin = undefined;
    if (begin) this.#hasBegun = begin();
    return this.#hasBegun;
  }

  #writeFirst(pieces: readonly HttpChunk[]): boolean {
    const response = this.#response;
    if (!this.#start()) return true;
    const { socket } = response;
    if (!socket || !isStraight(response)) {
      this.#write = wrapped(response, this.#onDrain);
      return this.#write(pieces);
    }
    this.#straight = new SocketWriter(socket, this.#onDrain);
    return this.#straight.writeAll(chunks(pieces), () => response.flushHeaders());
  }
}

const GZIP = new HttpChunk(GZIP_HEAD);

const chunks = (pieces: readonly HttpChunk[]): Buffer[] => pieces.map(({ chunk }) => chunk);

/**
 * Whether chunks that were made for all sessions may go straight to the socket: the answer is chunked HTTP/1.1, nothing of its own
 * waits, and its `write` is not replaced.
 */
function isStraight(response: ServerResponse): boolean {
  const isReplaced = Reflect.get(response, 'write') !== Reflect.get(ServerResponse.prototype, 'write');
  // HTTP/2 has another class
  return (
    response instanceof ServerResponse &&
    !isReplaced &&
    response.chunkedEncoding &&
    response.writableCorked === 0
  );
}

/** Writes through the response, or through code that intercepts it. */
function wrapped(
  response: ServerResponse & { readonly flush?: () => void },
  onDrain: () => void,
): (pieces: readonly HttpChunk[]) => boolean {
  let full = false;
  const { socket } = response;
  const stall = watchStall(response instanceof ServerResponse && socket ? socket : response);
  // Added once and never removed: middleware that replaces `on` (compression, for example) could not remove a `once` listener.
  response.on('drain', () => {
    if (!full) return;
    stall((full = false));
    onDrain();
  });
  return (pieces) => {
    if (response.destroyed) return true;
    full = !response.write(Buffer.concat(pieces.map(({ bytes }) => bytes)));
    // Middleware that encodes the answer (compression, for example) would keep it until its buffer is full.
    response.flush?.();
    if (full) stall(true);
    return !full;
  };
}
