import { Shadow as OriginalShadow } from '../../../src/views/shadow.js';
export * from '../../../src/views/shadow.js';

/** Views read the value that was there one revision ago. */
export class Shadow extends OriginalShadow {
  #count = 0;
  #value: unknown;
  #former: unknown;

  override get value(): unknown {
    const { count } = this;
    if (count !== this.#count) {
      this.#former = this.#value ?? super.value;
      this.#value = super.value;
      this.#count = count;
    }
    return this.#former;
  }
}
