import type { Position } from '@velox/core/protocol';
import { LocalState as OriginalState } from '../../../src/state/local-state.js';
import type { StateOptions } from '../../../src/state/state.js';
export * from '../../../src/state/local-state.js';

/** The position is that of the last delivery, although a snapshot holds later changes. */
export class LocalState<T> extends OriginalState<T> {
  #position: Position;

  constructor(value: T, options?: StateOptions) {
    super(value, options);
    this.#position = super.position();
    this.listen({ onRevision: () => void (this.#position = super.position()) });
  }

  override position(): Position {
    return this.#position;
  }
}
