import { EXPLAINED } from '#development';
import { dataText } from '../protocol/data-text.js';
import { VeloxError } from '../protocol/error.js';
import type { Limits } from '../protocol/frames.js';
import { isDeep } from '../protocol/is-deep.js';
import { isName } from '../protocol/name.js';

/** Which events a server takes. */
export type EventLimits = Pick<Limits, 'frame' | 'depth'>;

/** Before a server has named its limits. */
const DEFAULTS: EventLimits = { frame: 1 << 20, depth: 500 };

/** `,"made":true`, `,"seq":` with the largest number, and the closing brace. */
const SEQ_BYTES = 36;

/**
 * An event frame as JSON text without its end: complete with `,"seq":1}` or `}`. It is created once, so the application may go on to
 * change its data.
 *
 * @param more further members, as text that begins with a comma
 * @throws VeloxError `not-json`, `too-large`, `too-deep`.
 */
export function eventText(
  event: string,
  data: unknown,
  limits: EventLimits | undefined,
  more = '',
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
  if (!isName(event) || !isName(channel))
    throw new VeloxError('not-json', EXPLAINED && 'an event or channel has no sound name. Pass a string.');
  const text = `{"event":${JSON.stringify(event)},${own}${more}${channel && `,"channel":${JSON.stringify(channel)}`}`;
  checkText(text, limits);
  return text;
}

/**
 * Refuses the text of an event that a server does not take.
 *
 * @throws VeloxError `too-large`, `too-deep`.
 */
export function checkText(text: string, { frame: longest, depth }: EventLimits = DEFAULTS): void {
  // The exact answers cost a pass over the text. Usually its length is answer enough: a character has at most three bytes.
  const size = SEQ_BYTES + (3 * text.length > longest ? new TextEncoder().encode(text).length : text.length);
  if (size > longest) {
    throw new VeloxError(
      'too-large',
      EXPLAINED && `an event has ${size} bytes of ${longest} allowed. Send less.`,
    );
  }
  // A level has at least two characters.
  if (text.length > 2 * depth && isDeep(JSON.parse(`${text}}`), depth)) {
    throw new VeloxError(
      'too-deep',
      EXPLAINED && `an event has more than ${depth} levels. Send flatter data.`,
    );
  }
}
