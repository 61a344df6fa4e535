import type { Position } from '@velox/core/protocol';
import { StateFrames as OriginalFrames } from '../../../src/topics/state-frames.js';
export * from '../../../src/topics/state-frames.js';

/** A version alone counts as a position, also if it belongs to another life of the topic. */
export class StateFrames extends OriginalFrames {
  override idFor(known: Position | undefined): string {
    return known && known.version <= this.position.version ? known.id : super.idFor(known);
  }
}
