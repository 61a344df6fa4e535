import type { StandardSchema } from '@velox/server';
import type { Cursor, Typing } from '../contract.js';

/** Checks the data that visitors show to each other: a cursor over the board, or whether they type. */
export const shownData: StandardSchema<Typing | Cursor> = {
  '~standard': {
    version: 1,
    vendor: 'velox-playground',
    validate(value) {
      if (isTyping(value) || isCursor(value)) return { value };
      return { issues: [{ path: [] }] };
    },
  },
};

function isTyping(value: unknown): value is Typing {
  return fieldsOf(value)?.join() === 'typing' && typeof (value as Typing).typing === 'boolean';
}

function isCursor(value: unknown): value is Cursor {
  if (value === null) return true;
  if (fieldsOf(value)?.sort().join() !== 'column,x,y') return false;
  const { column, x, y } = value as Record<string, unknown>;
  return typeof column === 'string' && Number.isFinite(x) && Number.isFinite(y);
}

const fieldsOf = (value: unknown): string[] | undefined =>
  typeof value === 'object' && value !== null ? Object.keys(value) : undefined;
