import { EXPLAINED } from '#development';
import { dataText } from '../protocol/data-text.js';
import { VeloxError } from '../protocol/error.js';
import type { Limits } from '../protocol/frames.js';
import { isDeep } from '../protocol/is-deep.js';
import { isName } from '../protocol/name.js';

const BAD_NAME =
  'an event or channel has no sound name. Pass a text of at most 1,000 characters without control characters.';

/** Which events a server takes. */
export type EventLimits = Pick<Limits, 'frame' | 'depth'>;

/**
 * An event frame as JSON text without its end: complete with `,"seq":1}` or `}`. It is created once, so the application may change its data
 * afterwards.
 *
 * @param more further members, as text that begins with a comma
 * @throws VeloxError `not-json`, `too-large`, `too-deep`; `bad-option` for the name of the event or channel.
 */
export function eventText(
  event: string,
  data: unknown,
  limits: EventLimits | undefined,
  more: string,
  channel = '',
): string {
  let own: string;
  try {
    own = dataText(data);
  } catch (error) {
    throw new VeloxError('not-json', EXPLAINED && `event "${event}": ${error as Error}. Send JSON.`, {
      cause: error,
    });
  }
  if (!isName(event) || !isName(channel)) throw new VeloxError('bad-option', EXPLAINED && BAD_NAME);
  const text = `{"event":${JSON.stringify(event)},${own}${more}${channel && `,"channel":${JSON.stringify(channel)}`}`;
  checkText(text, limits);
  return text;
}

/**
 * Refuses the text of an event or a reply that a server does not take.
 *
 * @param limits default: those before a server has named its own
 * @throws VeloxError `too-large`, `too-deep`.
 */
export function checkText(
  text: string,
  { frame: longest, depth }: EventLimits = { frame: 1 << 20, depth: 500 },
): void {
  /** `,"made":true`, `,"seq":` with the largest number, and the closing brace. */
  const SEQ_BYTES = 36;
  const size = SEQ_BYTES + new TextEncoder().encode(text).length;
  if (size > longest) {
    throw new VeloxError(
      'too-large',
      EXPLAINED && `a frame has ${size} bytes of ${longest} allowed. Send less.`,
    );
  }
  // A level has at least two characters.
  if (text.length > 2 * depth && isDeep(JSON.parse(`${text}}`), depth)) {
    throw new VeloxError(
      'too-deep',
      EXPLAINED && `a frame has more than ${depth} levels. Send flatter data.`,
    );
  }
}
