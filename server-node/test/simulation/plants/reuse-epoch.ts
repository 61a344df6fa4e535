import { LocalState as OriginalState } from '../../../src/state/local-state.js';
export * from '../../../src/state/local-state.js';

/** Each life of a topic has the same id. */
export class LocalState<T> extends OriginalState<T> {
  override get id(): string {
    return 'epoch';
  }
}
