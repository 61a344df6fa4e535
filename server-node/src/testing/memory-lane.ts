import type { Path } from './memory-path.js';
import type { Zone } from './virtual-time.js';

/** One direction of one connection: messages arrive in order, after a delay, or never. A frozen sender sends nothing until it goes on. */
export class Wire {
  /** Discards all later messages, without notice to either end. */
  hole = false;
  /** Bytes that are on their way. */
  inFlight = 0;
  readonly #path: Path;
  readonly #from: Zone;
  readonly #to: Zone;
  /** The delay of this connection alone, in ms: so one may overtake another. */
  readonly #latency: number;
  #last = 0;
  #cut = false;

  constructor(path: Path, from: Zone, to: Zone) {
    this.#path = path;
    this.#from = from;
    this.#to = to;
    this.#latency = path.latency();
  }

  /** Sends `size` bytes, whose arrival is `deliver`; then there is room for more, and `onRoom` is called, at the other end. */
  carry(size: number, deliver: () => void, onRoom?: () => void): void {
    const { time, delay, stalledUntil, rate } = this.#path;
    const sentAt = Math.max(time.now, this.#from.frozenUntil);
    this.#last = Math.max(this.#last, sentAt + this.#latency + delay, stalledUntil) + size / rate;
    this.inFlight += size;
    if (this.hole) return; // it stays in flight: a sender of too much has to wait
    const arrive = (): void => {
      if (this.#cut || this.hole) return;
      this.inFlight -= size;
      deliver();
      onRoom?.();
    };
    time.schedule(this.#last - time.now, arrive, this.#to);
  }

  /** Discards the messages in flight. */
  cut(): void {
    this.#cut = true;
  }
}
