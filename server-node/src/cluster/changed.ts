/**
 * The subject on which nodes hear that a row of an entity changed: `["items","7"]`, as `withParts` sends it. Also programs without Velox
 * send it, such as triggers of PostgreSQL by `velox_changed('items', '7')`. The key may be a number.
 */
export const CHANGED = 'changed';

/** Reads a message of {@link CHANGED}. undefined: another program sent something else. */
export function changedRow(data: string): readonly [entity: string, key: string] | undefined {
  try {
    const [entity, key, ...rest] = JSON.parse(data) as unknown[];
    const isKey = typeof key === 'string' || typeof key === 'number';
    if (typeof entity === 'string' && isKey && rest.length === 0) return [entity, String(key)];
  } catch {
    // No JSON, or no array.
  }
  return undefined;
}
