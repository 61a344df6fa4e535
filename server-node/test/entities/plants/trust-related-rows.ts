import { Changes as OriginalChanges } from '../../../src/entities/changes.js';
export * from '../../../src/entities/changes.js';

/** A row that was read along counts as newer than all fetches and changes since. */
export class Changes extends OriginalChanges {
  override hasChangedSince(): boolean {
    return false;
  }

  override begin(): number {
    super.begin();
    return Infinity;
  }
}
