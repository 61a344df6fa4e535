import type { Revision } from '../../cluster/log.js';

/** A row of `velox_log`; node-postgres gives a bigint as text. */
export interface Row {
  readonly version: string;
  readonly tag: string;
  readonly previous: string;
  readonly patch: string;
}

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

export function toRevision({ version, tag, previous, patch }: Row, id: string): Revision {
  return { at: { id, version: Number(version), token: tag }, tag, previous, patch };
}

/** The tags, previous tokens and patches of revisions. */
export const arraysOf = (revisions: readonly Revision[]): string[][] => [
  revisions.map(({ tag }) => tag),
  revisions.map(({ previous }) => previous),
  revisions.map(({ patch }) => patch),
];
