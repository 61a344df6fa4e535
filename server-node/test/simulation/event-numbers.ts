import type { ServerFrame } from '@velox/core/protocol';
import type { Watch } from './watch.js';

/**
 * Checks the numbers of the events and replies that one client receives: none is skipped, and only the first of a link is written. With
 * `mayJump`, a number may be higher, because events were dropped.
 */
export class EventNumbers {
  readonly #name: string;
  readonly #watch: Watch;
  readonly #mayJump: () => boolean;
  #session = '';
  /** The newest number of the session, and of the link. */
  #taken = 0;
  #last = 0;

  constructor(name: string, watch: Watch, mayJump: () => boolean = () => false) {
    this.#name = name;
    this.#watch = watch;
    this.#mayJump = mayJump;
  }

  see(frame: ServerFrame): void {
    if ('hello' in frame) {
      if (frame.hello.session !== this.#session) this.#taken = 0;
      this.#session = frame.hello.session;
      this.#last = 0;
    } else if ('event' in frame || 'reply' in frame) {
      if (frame.seq === 0) return;
      const isFirst = this.#last === 0;
      // Frames that were received before on another link are not seen here, and they may be the first.
      const { seq = this.#taken + 1 } = frame;
      this.#watch.check(
        isFirst || frame.seq === undefined || (seq > this.#taken + 1 && this.#mayJump()),
        () => `${this.#name}: event ${seq} has its number in the wrong place`,
      );
      this.#watch.check(
        seq === this.#taken + 1 || (seq > this.#taken && this.#mayJump()),
        () => `${this.#name}: event ${seq} came after ${this.#taken}`,
      );
      this.#last = this.#taken = seq;
    }
  }
}
