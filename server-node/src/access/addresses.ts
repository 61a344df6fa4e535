import { RateLimit } from './rate-limit.js';

/** The limits of one address. */
export interface AddressLimits {
  readonly opensPerAddress: number;
  readonly sessionsPerAddress: number;
}

/** How many seconds' worth of openings an address may use at once. */
const BURST_SECONDS = 5;

/** After a refusal a client waits from one to five seconds: so the clients of one address do not all return together. */
const RETRY_MS = 1_000;
const SPREAD_MS = 4_000;

/** The key of a limit of its own. */
const missesOf = (address: string): string => `misses of ${address}`;

/** The use of a hub by each network address: openings per second, and sessions. */
export class Addresses {
  readonly #limits: AddressLimits;
  readonly #rates = new Map<string, RateLimit>();
  readonly #sessions = new Map<string, number>();
  /** At this size, addresses that have been quiet are forgotten. */
  #sweepAt = 1_000;

  constructor(limits: AddressLimits) {
    this.#limits = limits;
  }

  /** How many addresses are kept. */
  get size(): number {
    return this.#rates.size + this.#sessions.size;
  }

  /** Whether there are no limits per address. */
  get isUnlimited(): boolean {
    const { opensPerAddress, sessionsPerAddress } = this.#limits;
    return opensPerAddress === Infinity && sessionsPerAddress === Infinity;
  }

  /** Counts an opening. Returns undefined, or for a refusal the ms after which the client may try again. */
  open(address: string): number | undefined {
    const rate = this.#rateOf(address);
    return !rate || rate.take() ? undefined : Math.ceil(RETRY_MS + Math.random() * SPREAD_MS);
  }

  /** Counts a request for a session of another server that was not there. An address may send as many as it may open links. */
  miss(address: string): void {
    this.#rateOf(missesOf(address))?.charge(1);
  }

  /** Whether an address has sent too many such requests. They count when they are answered, so their sum may be a debt. */
  hasTooManyMisses(address: string): boolean {
    return (this.#rates.get(missesOf(address))?.debt ?? 0) > 0;
  }

  /** Whether an address has as many sessions as it may. */
  isFull(address: string | undefined): boolean {
    return address !== undefined && (this.#sessions.get(address) ?? 0) >= this.#limits.sessionsPerAddress;
  }

  /** Counts a session in; `leave` counts it out. */
  enter(address: string | undefined): void {
    if (address !== undefined && this.#limits.sessionsPerAddress !== Infinity)
      this.#sessions.set(address, (this.#sessions.get(address) ?? 0) + 1);
  }

  leave(address: string | undefined): void {
    const left = (this.#sessions.get(address as string) ?? 1) - 1;
    if (left > 0) this.#sessions.set(address as string, left);
    else this.#sessions.delete(address as string);
  }

  #rateOf(key: string): RateLimit | undefined {
    const { opensPerAddress: perSecond } = this.#limits;
    if (perSecond === Infinity) return undefined;
    let rate = this.#rates.get(key);
    if (!rate) {
      this.#sweep();
      this.#rates.set(key, (rate = new RateLimit(perSecond, BURST_SECONDS * perSecond)));
    }
    return rate;
  }

  #sweep(): void {
    if (this.#rates.size < this.#sweepAt) return;
    for (const [address, rate] of this.#rates) if (rate.isFull) this.#rates.delete(address);
    this.#sweepAt = Math.max(1_000, 2 * this.#rates.size);
  }
}
