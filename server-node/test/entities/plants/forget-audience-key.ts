import type { EntityRow } from '../../../src/entities/entity-row.js';
import { Rows as OriginalRows } from '../../../src/entities/rows.js';
export * from '../../../src/entities/rows.js';

/** A row is the same for every audience. */
export class Rows extends OriginalRows {
  override find(id: string): EntityRow | undefined {
    return this.of(id)[0];
  }
}
