import type { GrpcCall } from './grpc.js';

/** Between two attempts to reach a node, in ms. */
const RETRY_MS = 200;
/** For how long a node may take to take a subscription, in ms. */
const PATIENCE_MS = 3_000;

interface OutboundEvents {
  dial(): GrpcCall;
  /** All subjects that are wanted now. */
  keys(): readonly string[];
  onMessage(key: string, data: string): void;
  /** The node has our subjects. It may have published before. */
  onConnect(): void;
  /** It named itself. Returns false if it is this node. */
  onName(name: string): boolean;
}

/** Our connection to another node, which sends its messages over it. */
export class Outbound {
  readonly #events: OutboundEvents;
  readonly #acknowledged = new Map<number, () => void>();
  #sent = 0;
  #call: GrpcCall | undefined;
  #timer: NodeJS.Timeout | undefined;
  #phase: 'connecting' | 'connected' | 'ended' = 'connecting';
  /** Settles when the first attempt succeeded, failed or took too long. */
  readonly tried: Promise<void>;
  #onTried: () => void = () => {};

  constructor(events: OutboundEvents) {
    this.#events = events;
    this.tried = new Promise((resolve) => (this.#onTried = resolve));
    setTimeout(this.#onTried, PATIENCE_MS).unref();
    this.#connect();
  }

  get isConnected(): boolean {
    return this.#phase === 'connected';
  }

  /** Tells the node that subjects are wanted, or not any more. Resolves when it has them, or is lost. */
  async say(sign: '+' | '-', keys: readonly string[]): Promise<void> {
    if (this.#phase !== 'connected') return; // it will get all subjects
    await this.#write(sign, keys);
  }

  end(): void {
    this.#phase = 'ended';
    clearTimeout(this.#timer);
    this.#call?.cancel();
    this.#settleAll();
  }

  #connect(): void {
    const call = (this.#call = this.#events.dial());
    call.on('data', (frame) => {
      if (this.#call === call) this.#receive(frame);
    });
    const lost = (): void => {
      if (this.#call === call) this.#lost();
    };
    call.on('error', lost);
    call.on('end', lost);
    call.on('close', lost);
    const keys = this.#events.keys();
    void this.#write('+', keys).then(() => {
      if (this.#call !== call || this.#phase !== 'connecting') return;
      this.#phase = 'connected';
      this.#onTried();
      // Subjects that were added while it connected.
      const late = this.#events.keys().filter((key) => !keys.includes(key));
      void (late.length > 0 ? this.#write('+', late) : Promise.resolve()).then(() =>
        this.#events.onConnect(),
      );
    });
  }

  #receive(frame: string): void {
    const text = frame.slice(1);
    if (frame.startsWith('=')) {
      const end = text.indexOf(' ');
      this.#events.onMessage(text.slice(0, end), text.slice(end + 1));
    } else if (frame.startsWith('!')) {
      this.#acknowledged.get(Number(text))?.();
    } else if (frame.startsWith('@') && !this.#events.onName(text)) {
      this.#onTried();
      this.end();
    }
  }

  #lost(): void {
    this.#call = undefined;
    if (this.#phase === 'ended') return;
    this.#phase = 'connecting';
    this.#settleAll();
    this.#onTried();
    this.#timer = setTimeout(() => this.#connect(), RETRY_MS * (0.5 + Math.random()));
    this.#timer.unref();
  }

  async #write(sign: '+' | '-', keys: readonly string[]): Promise<void> {
    const number = this.#sent++;
    const call = this.#call;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#acknowledged.set(number, resolve);
      timer = setTimeout(() => call?.cancel(), PATIENCE_MS);
      call?.write([`${sign}${number}`, ...keys].join(' '));
    });
    clearTimeout(timer);
    this.#acknowledged.delete(number);
  }

  #settleAll(): void {
    for (const settle of [...this.#acknowledged.values()]) settle();
  }
}
