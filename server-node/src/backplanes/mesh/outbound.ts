import type { GrpcCall, GrpcError } from './grpc.js';

/** Between two attempts to reach a node, in ms. */
const RETRY_MS = 200;
/** For how long a node may take to take a subscription, in ms. */
const PATIENCE_MS = 3_000;

interface OutboundEvents {
  dial(): GrpcCall;
  /** All subjects that are wanted now. */
  keys(): readonly string[];
  onMessage(key: string, data: string): void;
  /** The node named itself. Returns false if this connection is redundant. */
  onName(name: string): boolean;
  /** The node has our subjects. It may have published before. */
  onConnect(): void;
  /**
   * The connection ended, and is tried again.
   *
   * @param error undefined if the node ended it after its last message
   */
  onLost(error: GrpcError | undefined, wasConnected: boolean): void;
}

/** Our connection to another node, which sends its messages over it. */
export class Outbound {
  readonly #events: OutboundEvents;
  readonly #acknowledged = new Map<number, () => void>();
  #sent = 0;
  #call: GrpcCall | undefined;
  #timer: NodeJS.Timeout | undefined;
  #phase: 'connecting' | 'connected' | 'redundant' | 'ended' = 'connecting';
  #name: string | undefined;
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

  /** Whether it ended because the node's messages arrive over another connection. */
  get isRedundant(): boolean {
    return this.#phase === 'redundant';
  }

  get #isOver(): boolean {
    return this.#phase === 'ended' || this.#phase === 'redundant';
  }

  /** The node that was reached, until the connection is lost. A redundant one keeps it. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Tells the node that subjects are wanted, or not any more. Resolves when it has them, or is lost. */
  async say(sign: '+' | '-', keys: readonly string[]): Promise<void> {
    if (this.#phase !== 'connected') return; // it will get all subjects
    await this.#write(sign, keys);
  }

  end(): void {
    this.#endAs('ended');
  }

  #endAs(phase: 'redundant' | 'ended'): void {
    this.#phase = phase;
    clearTimeout(this.#timer);
    this.#call?.cancel();
    this.#settleAll();
    this.#onTried();
  }

  #connect(): void {
    const call = (this.#call = this.#events.dial());
    call.on('data', (frame) => {
      if (this.#call === call) this.#receive(frame);
    });
    const lost = (error?: GrpcError): void => {
      if (this.#call === call) this.#lost(error);
    };
    call.on('error', lost);
    call.on('end', () => lost());
    call.on('close', () => lost(new Error('the connection was closed')));
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
    if (this.#isOver) return;
    const text = frame.slice(1);
    if (frame.startsWith('=')) {
      const end = text.indexOf(' ');
      this.#events.onMessage(text.slice(0, end), text.slice(end + 1));
    } else if (frame.startsWith('!')) {
      this.#acknowledged.get(Number(text))?.();
    } else if (frame.startsWith('@')) {
      this.#name = text;
      if (!this.#events.onName(text)) this.#endAs('redundant');
    }
  }

  #lost(error: GrpcError | undefined): void {
    this.#call = undefined;
    if (this.#isOver) return;
    const wasConnected = this.isConnected;
    this.#phase = 'connecting';
    this.#name = undefined;
    this.#settleAll();
    this.#onTried();
    this.#timer = setTimeout(() => this.#connect(), RETRY_MS * (0.5 + Math.random()));
    this.#timer.unref();
    this.#events.onLost(error, wasConnected);
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
