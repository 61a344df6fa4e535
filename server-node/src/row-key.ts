import { unwrap } from './copy.js';

/** How rows of a list are told apart: by a field, or by what a function gives for a row (the application's, and our copy of it). */
export type KeyOption = string | ((row: object) => unknown);

/** Gives a row's key, undefined when it has none. */
export type RowKey = (row: object) => string | number | undefined;

const FIELDS = ['id', 'key', '_id'];

/** @param option default: the first of `id`, `key` and `_id` that is a string or number, or has one as its JSON. */
export function rowKey(option: KeyOption | undefined): RowKey {
  if (typeof option === 'function') return (row) => toKey(option(row));
  const fields = option === undefined ? FIELDS : [option];
  return (row) => {
    for (const field of fields) {
      const value = (row as Record<string, unknown>)[field];
      if (value !== undefined) return toKey(value);
    }
    return undefined;
  };
}

function toKey(value: unknown): string | number | undefined {
  if (typeof value === 'object' && value !== null) return toKey(primitive(unwrap(value, '')));
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

function primitive(value: unknown): unknown {
  return typeof value === 'object' ? undefined : value;
}
