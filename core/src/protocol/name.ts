/** Half characters, which would be another name in a URL, and control characters, which break lines of logs. */
export const UNSOUND: RegExp = /[\p{Cc}\p{Cs}]/u;

/**
 * Whether a value may be a name or an id: a text of whole characters, none of them a control character.
 *
 * @param most the most UTF-16 code units; default: those of an event, a call or a room
 */
export function isName(value: unknown, most = 1_000): value is string {
  return typeof value === 'string' && value.length <= most && !UNSOUND.test(value);
}
