import { unwrap } from '../copy.js';
import { isContainer, read } from '../tree/node.js';

/** How rows of a list are identified: by a field, or by the result of a function for a row (the application's,
 * and our copy of it). */
export type KeyOption = string | ((row: object) => unknown);

/** Gives a row's key, undefined when it has none. */
export type RowKey = (row: object) => string | number | undefined;

const FIELDS = ['id', 'key', '_id'];

/** How the rows of one kind of list are told apart, seen from one of them; undefined when they have no key. */
export type RowKeys = (sample: object) => RowKey | undefined;

/** @param option default: that of `id`, `key` and `_id` which the sample has; a string or number, or a value
 * whose JSON is one. */
export function rowKeys(option: KeyOption | undefined): RowKeys {
  if (typeof option === 'function') return () => (row) => toKey(option(row));
  const readers = (option === undefined ? FIELDS : [option]).map((field) => ({
    field,
    /** For plain rows: a place of its own, which the engine makes fast. */
    read: (row: object) => toKey((row as Record<string, unknown>)[field]),
    readJson: (row: object) => toKey(memberOf(row, field)),
  }));
  return (sample) => {
    const reader = readers.find(({ field }) => memberOf(sample, field) !== undefined);
    const isPlain = Object.getPrototypeOf(sample) === Object.prototype && !('toJSON' in sample);
    return isPlain ? reader?.read : reader?.readJson;
  };
}

/** The member that JSON carries: own and enumerable, in the result of `toJSON`. */
function memberOf(row: object, field: string): unknown {
  const json = unwrap(row, '');
  const isMember = isContainer(json) && Object.prototype.propertyIsEnumerable.call(json, field);
  return isMember ? read(json, field) : undefined;
}

function toKey(value: unknown): string | number | undefined {
  if (typeof value === 'string' || typeof value === 'number') return value;
  const json = typeof value === 'object' && value !== null ? unwrap(value, '') : undefined;
  return typeof json === 'string' || typeof json === 'number' ? json : undefined;
}
