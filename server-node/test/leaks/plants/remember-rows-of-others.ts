import { Lists as OriginalLists } from '../../../src/views/each.js';
export * from '../../../src/views/each.js';

const results = new WeakMap<object, unknown>();

/** Audiences share the projections of rows. */
export class Lists extends OriginalLists {
  override project<R, S>(_key: string, rows: readonly R[], project: (row: R) => S): readonly S[] {
    return rows.map((row) => {
      if (!results.has(row as object)) results.set(row as object, project(row));
      return results.get(row as object) as S;
    });
  }
}
