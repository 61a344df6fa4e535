import { EntityRow as OriginalRow } from '../../../src/entities/entity-row.js';
export * from '../../../src/entities/entity-row.js';

/** The row of an identity is fetched with the context of the client that asked last, also if another client has a newer one. */
export class EntityRow extends OriginalRow {
  override admit(context: unknown): void {
    super.admit(context);
  }
}
