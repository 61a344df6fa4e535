import { checkArgument, expected, type Check } from '@velox/core/protocol';

/** The id of a row, as the application has it. Topics hold it as text, so 7 and '7' are one row. */
export type RowId = string | number;

const isId = (value: unknown): boolean => typeof value === 'string' || Number.isFinite(value);
const ONE = expected('a string or a number', isId);
const SOME = expected('a string, a number, or a list of them', isId);

/**
 * Returns the id of a row as text.
 *
 * @param owner names the function in the message
 * @throws VeloxError `bad-option` for anything but a text or a finite number.
 */
export function textOf(id: unknown, owner: string, rule: Check = ONE): string {
  checkArgument(owner, 'the id of a row', id, rule);
  return String(id);
}

/** The same for one id or a list of ids. */
export function textsOf(ids: unknown, owner: string): readonly string[] {
  return [ids].flat().map((id) => textOf(id, owner, SOME));
}
