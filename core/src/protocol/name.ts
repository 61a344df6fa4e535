/** The longest name of an event, a call or a room, in characters. */
const LONGEST_NAME = 1_000;

/** Half characters, which would be another name in a URL, and control characters, which break lines of logs. */
export const UNSOUND: RegExp = /[\p{Cc}\p{Cs}]/u;

/**
 * Whether a value may be a name or an id: a text of whole characters, none of them a control character.
 *
 * @param most the most UTF-16 code units
 */
export function isName(value: unknown, most: number = LONGEST_NAME): value is string {
  return typeof value === 'string' && value.length <= most && !UNSOUND.test(value);
}
