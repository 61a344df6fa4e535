import type { Container } from './container.js';

/** The copies of parts of the value. Their map is created on need: most states never have one. */
export class Copies {
  #parts: WeakMap<object, Container> | undefined;

  /** Notes that an object is a copy of a part. */
  add(copy: object, part: Container): void {
    (this.#parts ??= new WeakMap()).set(copy, part);
  }

  /** The part that an object is a copy of. */
  partOf(copy: object): Container | undefined {
    return this.#parts?.get(copy);
  }
}
