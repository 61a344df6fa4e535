import type { ServerFrame } from '@velox/core/protocol';
import type { Watch } from './watch.js';

/** Checks the numbers of the events that one client receives: none is skipped, and only the first of a link is written. */
export class EventNumbers {
  readonly #name: string;
  readonly #watch: Watch;
  #session = '';
  /** The newest number of the session, and of the link. */
  #taken = 0;
  #last = 0;

  constructor(name: string, watch: Watch) {
    this.#name = name;
    this.#watch = watch;
  }

  see(frame: ServerFrame): void {
    if ('hello' in frame) {
      if (frame.hello.session !== this.#session) this.#taken = 0;
      this.#session = frame.hello.session;
      this.#last = 0;
    } else if ('event' in frame) {
      const { seq = this.#last + 1 } = frame;
      const isFirst = this.#last === 0;
      this.#watch.check(
        isFirst === (frame.seq !== undefined),
        () => `${this.#name}: event ${seq} has its number in the wrong place`,
      );
      this.#watch.check(
        seq === this.#taken + 1,
        () => `${this.#name}: event ${seq} came after ${this.#taken}`,
      );
      this.#last = this.#taken = seq;
    }
  }
}
