import { State as OriginalState } from '../../../src/state/state.js';
export * from '../../../src/state/state.js';

/** Each life of a topic has the same id. */
export class State<T> extends OriginalState<T> {
  override get id(): string {
    return 'epoch';
  }
}
