import type { Revision } from '../../cluster/log.js';

/** PostgreSQL takes at most 7,999 bytes. */
const NOTIFICATION_BYTES = 7_900;

/** Writes a revision for a notification. A long patch stays out: followers read it. */
export function payloadOf({ at, previous, tag, patch }: Revision): string {
  const head = `${at.id} ${at.version} ${previous} ${tag}`;
  const whole = `${head} ${patch}`;
  return Buffer.byteLength(whole) <= NOTIFICATION_BYTES ? whole : head;
}

/** Reads the notification of a revision. undefined: its patch stayed out. */
export function revisionOf(payload: string): Revision | undefined {
  const [head = '', id = '', version, previous = '', tag = ''] =
    /^(\S+) (\d+) (\S+) (\S+) /.exec(payload) ?? [];
  if (head === '') return undefined;
  return {
    at: { id, version: Number(version), token: tag },
    previous,
    tag,
    patch: payload.slice(head.length),
  };
}
