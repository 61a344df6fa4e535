import { EntityRow as OriginalRow } from '../../../src/entities/entity-row.js';
export * from '../../../src/entities/entity-row.js';

/** The row of an identity is always fetched with the context of its first client. */
export class EntityRow extends OriginalRow {
  #hasContext = false;

  override admit(context: unknown, admitted?: number): void {
    if (!this.#hasContext) super.admit(context, admitted);
    this.#hasContext = true;
  }
}
