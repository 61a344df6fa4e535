import { VeloxError } from '@velox/core/protocol';

/** The id of a row, as the application has it. Topics hold it as text, so 7 and '7' are one row. */
export type RowId = string | number;

/**
 * Returns the id of a row as text.
 *
 * @param owner names the function in the message
 * @param expected completes the sentence "Pass …"
 * @throws VeloxError `bad-option` for anything but a text or a finite number.
 */
export function textOf(id: unknown, owner: string, expected = 'a string or a number'): string {
  if (typeof id === 'string') return id;
  if (Number.isFinite(id)) return String(id);
  const shown = id === null || typeof id === 'number' ? String(id) : typeof id;
  throw new VeloxError('bad-option', `${owner} got ${shown} as the id of a row. Pass ${expected}.`);
}

/** The same for one id or a list of ids. */
export function textsOf(ids: unknown, owner: string): readonly string[] {
  const expected = 'a string, a number, or a list of them';
  return Array.isArray(ids) ? ids.map((id) => textOf(id, owner, expected)) : [textOf(ids, owner, expected)];
}
