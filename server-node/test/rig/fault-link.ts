import type { Socket } from 'node:net';
import { FaultLane, type ByteFaults, type Filter } from './fault-lane.js';
import { HttpConversation, type HttpFaults } from './http-faults.js';

/** All that can be wrong with a connection at a moment. Times in ms, sizes in bytes, false is off. */
export interface Faults extends ByteFaults, HttpFaults {
  readonly killStreams: number | false;
  readonly cutIdle: number | false;
}

/** No fault. */
export const HEALTHY: Faults = {
  stall: false,
  delay: 0,
  fragment: false,
  buffer: false,
  bufferHead: true,
  dropUpgrades: false,
  duplicatePosts: false,
  killStreams: false,
  cutIdle: false,
};

/** One end of a proxied connection. */
export type Side = 'client' | 'server';

/** One connection of a client, and the one that the proxy made for it. Each can be closed for writing alone (RFC 9293 §3.6). */
export class FaultLink {
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>;
  readonly #sockets: Readonly<Record<Side, Socket>>;
  readonly #faults: Faults;
  readonly #http: HttpConversation;
  readonly #requests: FaultLane;
  readonly #responses: FaultLane;
  #streaming = false;
  #streamEnd: NodeJS.Timeout | undefined;
  #idleEnd: NodeJS.Timeout | undefined;

  /**
   * Both sockets need `allowHalfOpen`.
   *
   * @param faults the faults from the start
   * @param onDuplicate gets a request that is to be sent a second time, on a connection of its own
   */
  constructor(client: Socket, server: Socket, faults: Faults, onDuplicate: (request: Buffer) => void) {
    this.#sockets = { client, server };
    this.#faults = { ...faults };
    this.#http = new HttpConversation(this.#faults, {
      onDuplicate,
      onRefusal: (answer) => this.#refuse(answer),
      onStream: (open) => this.#watchStream(open),
    });
    this.#requests = this.#join(client, server, this.#http.requests);
    this.#responses = this.#join(server, client, this.#http.responses);
    this.#watchIdle();
    this.closed = Promise.all([whenClosed(client), whenClosed(server)]).then(() => this.#release());
  }

  /** Makes other things wrong than before. Its periods begin now. */
  change(change: Partial<Faults>): void {
    Object.assign(this.#faults, change);
    if (this.#faults.buffer === false) this.#responses.release(this.#http.release());
    if ('killStreams' in change) this.#watchStream(this.#streaming);
    if ('cutIdle' in change) this.#watchIdle();
    this.#requests.pump();
    this.#responses.pump();
  }

  /** Ends both connections. */
  cut(): void {
    this.#sockets.client.destroy();
    this.#sockets.server.destroy();
  }

  /** Ends one connection and leaves the other in the dark: it stays open, and nothing comes from it any more. */
  abandon(left: Side): void {
    const { [left]: open, [left === 'client' ? 'server' : 'client']: gone } = this.#sockets;
    gone.destroy();
    this.#requests.seal();
    this.#responses.seal();
    open.once('end', () => open.destroy());
  }

  #join(source: Socket, target: Socket, filter: Filter): FaultLane {
    const lane = new FaultLane(source, target, this.#faults, filter);
    source.on('data', (chunk: Buffer) => {
      this.#idleEnd?.refresh();
      lane.push(chunk);
    });
    source.on('end', () => lane.push('end'));
    source.on('error', () => {}); // 'close' follows and says enough
    source.on('close', () => {
      // a reset after a clean end would destroy the bytes that its peer has not read yet
      const clean = source.readableEnded && source.writableFinished;
      if (!clean) lane.push('reset');
    });
    return lane;
  }

  #refuse(answer: Buffer): void {
    this.#sockets.server.destroy();
    this.#requests.seal();
    this.#responses.seal(answer, 'end');
  }

  #watchStream(streaming: boolean): void {
    const { killStreams } = this.#faults;
    this.#streaming = streaming;
    clearTimeout(this.#streamEnd);
    if (streaming && killStreams !== false) this.#streamEnd = setTimeout(() => this.cut(), killStreams);
  }

  #watchIdle(): void {
    const { cutIdle } = this.#faults;
    clearTimeout(this.#idleEnd);
    this.#idleEnd = cutIdle === false ? undefined : setTimeout(() => this.cut(), cutIdle);
  }

  #release(): void {
    clearTimeout(this.#streamEnd);
    clearTimeout(this.#idleEnd);
    this.#requests.seal();
    this.#responses.seal();
  }
}

function whenClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
