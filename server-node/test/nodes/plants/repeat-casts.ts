import { CastSet as OriginalCastSet } from '../../../src/nodes/cast-set.js';
export * from '../../../src/nodes/cast-set.js';

/** A cast that comes over two nodes is sent to its session twice. */
export class CastSet extends OriginalCastSet {
  override has(): boolean {
    return false;
  }
}
