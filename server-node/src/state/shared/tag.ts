import { randomEpoch } from '../random-epoch.js';

/** Cannot occur in the name of an update. */
const SEPARATOR = '.';

/**
 * Draws the tag of a revision. It begins with the name that the application gave to the update, if any. The rest is random: after a loss,
 * a repetition may make another change of another value, and two histories never have an equal revision.
 */
export function drawTag(name?: string): string {
  return name === undefined ? randomEpoch() : `${name}${SEPARATOR}${randomEpoch()}`;
}

/** Returns the part of a tag that is equal for all repetitions of an update. */
export function nameOf(tag: string): string {
  const end = tag.indexOf(SEPARATOR);
  return end === -1 ? tag : tag.slice(0, end);
}
