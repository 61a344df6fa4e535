import { DerivedState as OriginalState } from '../../../src/views/derived-state.js';
export * from '../../../src/views/derived-state.js';

/** A client that joins an audience whose view fails gets the last value. */
export class DerivedState extends OriginalState {
  #hadValue = false;

  override get isCurrent(): boolean {
    return (this.#hadValue ||= super.isCurrent);
  }
}
