import { endWith, RESOURCE_EXHAUSTED, type GrpcServerCall } from './grpc.js';

/** A node that has this many bytes waiting is disconnected. It reconnects and reports a doubt, because it may have missed messages. */
const MOST_WAITING_BYTES = 33_554_432;

/** A node that connected to us, and the subjects that it wants. */
export class Inbound {
  readonly name: string;
  readonly #call: GrpcServerCall;
  readonly #keys = new Set<string>();
  #waiting = 0;
  #hasSubscribed = false;

  /** @param onSubscribe called when the node has named its subjects for the first time */
  constructor(call: GrpcServerCall, name: string, onSubscribe: () => void) {
    this.#call = call;
    this.name = name;
    call.on('data', (frame) => {
      if (call.writableEnded) return; // a later write would destroy the call, and with it the frames that wait
      const [number = '', ...keys] = frame.slice(1).split(' ');
      for (const key of keys) {
        if (frame.startsWith('+')) this.#keys.add(key);
        else this.#keys.delete(key);
      }
      call.write(`!${number}`);
      if (this.#hasSubscribed) return;
      this.#hasSubscribed = true;
      onSubscribe();
    });
  }

  /** Whether the node has named its subjects. */
  get hasSubscribed(): boolean {
    return this.#hasSubscribed;
  }

  send(key: string, data: string): void {
    if (!this.#keys.has(key)) return;
    this.#waiting += data.length;
    if (this.#waiting > MOST_WAITING_BYTES)
      return endWith(this.#call, RESOURCE_EXHAUSTED, 'too many messages wait for this node');
    this.#call.write(`=${key} ${data}`, () => (this.#waiting -= data.length));
  }

  /** Ends the connection after the messages that wait. */
  end(): void {
    this.#call.end();
  }
}
