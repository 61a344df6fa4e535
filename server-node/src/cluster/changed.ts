/**
 * The subject on which nodes hear that a row of an entity changed: `["items","7"]`, as `withParts` sends it. Also programs without Velox
 * send it, such as triggers of PostgreSQL by `velox_changed('items', '7')`.
 */
export const CHANGED = 'changed';

/** Reads a message of {@link CHANGED}. undefined: another program sent something else. */
export function changedRow(data: string): readonly [entity: string, key: string] | undefined {
  try {
    const [entity, key, ...rest] = JSON.parse(data) as unknown[];
    if (typeof entity === 'string' && typeof key === 'string' && rest.length === 0) return [entity, key];
  } catch {
    // No JSON, or no array.
  }
  return undefined;
}
