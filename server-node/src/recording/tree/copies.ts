import type { Container } from './container.js';

/** The copies of parts of the value. Their map is created on need: most states never have one. */
export class Copies {
  #parts: WeakMap<object, Container> | undefined;

  /** Notes that an object is a copy of a part. */
  add(copy: object, part: Container): void {
    (this.#parts ??= new WeakMap()).set(copy, part);
  }

  /** Whether an object is a copy of a part, or a copy of its copy. */
  isCopyOf(copy: object, part: Container): boolean {
    let original = this.#parts?.get(copy);
    while (original && original !== part) original = this.#parts?.get(original);
    return original !== undefined;
  }

  /** Each copy keeps its part in memory, and so all parts before. */
  clear(): void {
    this.#parts = undefined;
  }
}
