import type { GrpcServerCall } from './grpc.js';

/** A node that has this many bytes waiting is disconnected. It reconnects and reports a doubt, because it may have missed messages. */
const MOST_WAITING_BYTES = 33_554_432;

/** A node that connected to us, and the subjects that it wants. */
export class Inbound {
  readonly #call: GrpcServerCall;
  readonly #keys = new Set<string>();
  #waiting = 0;

  /** @param onFirst called when the node has named its subjects for the first time */
  constructor(call: GrpcServerCall, onFirst: () => void) {
    this.#call = call;
    let isFirst = true;
    call.on('data', (frame) => {
      const [number = '', ...keys] = frame.slice(1).split(' ');
      for (const key of keys) {
        if (frame.startsWith('+')) this.#keys.add(key);
        else this.#keys.delete(key);
      }
      call.write(`!${number}`);
      if (isFirst) onFirst();
      isFirst = false;
    });
  }

  send(key: string, data: string): void {
    if (!this.#keys.has(key)) return;
    this.#waiting += data.length;
    if (this.#waiting > MOST_WAITING_BYTES) return void this.end();
    this.#call.write(`=${key} ${data}`, () => (this.#waiting -= data.length));
  }

  end(): void {
    this.#call.destroy();
  }
}
