import type { Path } from './memory-path.js';
import type { Zone } from './virtual-time.js';

/** One direction of one connection: messages arrive in order, after a delay, or never. A frozen sender sends nothing until it goes on. */
export class MemoryLane {
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
  /** Messages that a frozen sender holds. */
  #held = 0;
  #cut = false;

  constructor(path: Path, from: Zone, to: Zone) {
    this.#path = path;
    this.#from = from;
    this.#to = to;
    this.#latency = path.latency();
  }

  /** Sends `size` bytes, whose arrival is `deliver`; then there is room for more, and `onRoom` is called, at the other end. */
  carry(size: number, deliver: () => void, onRoom?: () => void): void {
    const { time } = this.#path;
    this.inFlight += size;
    if (this.#held === 0 && this.#from.frozenUntil <= time.now) return this.#send(size, deliver, onRoom);
    this.#held++;
    const goOn = (): void => {
      this.#held--;
      this.#send(size, deliver, onRoom);
    };
    time.schedule(0, goOn, this.#from);
  }

  #send(size: number, deliver: () => void, onRoom?: () => void): void {
    const { time, delay, stalledUntil, rate } = this.#path;
    this.#last = Math.max(this.#last, time.now + this.#latency + delay, stalledUntil) + size / rate;
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
