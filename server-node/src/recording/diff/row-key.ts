import { unwrap } from '../copy.js';
import { isContainer, read } from '../tree/container.js';

/** How rows of a list are identified: by a field, or by the result of a function for the application's row. */
export type KeyOption = string | ((row: object) => unknown);

type RowKey = string | number | undefined;

/** Reads the keys of the rows of one list; undefined if a row has none. */
export interface KeyReader {
  /** Reads the key of an application's row. */
  readonly of: (row: object) => RowKey;
  /** Reads the key of one of our rows. */
  readonly ofOurs: (row: object) => RowKey;
}

/** For rows that have no key. */
export const NO_KEY: KeyReader = { of: () => undefined, ofOurs: () => undefined };

const FIELDS = ['id', 'key', '_id'];

/** The keys of the rows of a value. */
export interface RowKeys {
  /** Returns the reader for rows like this one of the application; undefined if they have no key. */
  readonly readerFor: (sample: object) => KeyReader | undefined;
  /** Notes which of the application's rows one of ours was made from, if only that one has the key. */
  readonly remember?: (row: object, ours: object) => void;
}

/** @param option default: that of `id`, `key` and `_id` which the sample has; a string or number, or a value
 * whose JSON is one. */
export function rowKeys(option: KeyOption | RowKeys | undefined): RowKeys {
  if (typeof option === 'object') return option;
  if (typeof option === 'function') return keysByFunction(option);
  const readers = (option === undefined ? FIELDS : [option]).map((field) => {
    /** A separate function for plain rows, because the engine then optimises its member access. */
    const read = (row: object): RowKey => toKey((row as Record<string, unknown>)[field]);
    const readJson = (row: object): RowKey => toKey(memberOf(row, field));
    return { field, plain: { of: read, ofOurs: read }, json: { of: readJson, ofOurs: read } };
  });
  return {
    readerFor(sample) {
      const reader = readers.find(({ field }) => memberOf(sample, field) !== undefined);
      const isPlain = Object.getPrototypeOf(sample) === Object.prototype && !('toJSON' in sample);
      return isPlain ? reader?.plain : reader?.json;
    },
  };
}

/** The function may need what JSON does not carry (methods, members that are not enumerable), so it gets the application's rows. */
function keysByFunction(option: (row: object) => unknown): RowKeys {
  const known = new WeakMap<object, RowKey>();
  const of = (row: object): RowKey => (known.has(row) ? known.get(row) : toKey(option(row)));
  /** The function may not fit the rows of other lists, nor one of ours that was assigned alone. Without a key it counts as a new row. */
  const attempt = (row: object): RowKey => {
    try {
      return of(row);
    } catch {
      return undefined;
    }
  };
  const reader = { of, ofOurs: (ours: object) => known.get(ours) ?? attempt(ours) };
  return { readerFor: () => reader, remember: (row, ours) => void known.set(ours, attempt(row)) };
}

/** The member that JSON carries: own and enumerable, in the result of `toJSON`. */
function memberOf(row: object, field: string): unknown {
  const json = unwrap(row, '');
  const isMember = isContainer(json) && Object.prototype.propertyIsEnumerable.call(json, field);
  return isMember ? read(json, field) : undefined;
}

function toKey(value: unknown): RowKey {
  if (typeof value === 'string' || typeof value === 'number') return value;
  const json = typeof value === 'object' && value !== null ? unwrap(value, '') : undefined;
  return typeof json === 'string' || typeof json === 'number' ? json : undefined;
}
