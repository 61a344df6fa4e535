import type { Opened, Place, Revision } from '../../cluster/log.js';
import { isSame, type Known, type RecentRevisions } from './recent-revisions.js';

/** How the log relates to the revisions of a node. */
export type Relation =
  /** The log goes on from the node's head, or is equal. `isCertain` is false if a snapshot hides the revisions in between. */
  | { readonly is: 'forward'; readonly isCertain: boolean }
  /** The log has lost revisions that the node still has, and nothing else was written since. */
  | { readonly is: 'behind'; readonly after: Place; readonly missing: readonly Revision[] }
  /** The log holds other revisions than the node at the same versions, under the same epoch. */
  | { readonly is: 'fork'; readonly lost: readonly Revision[] }
  /** The log has begun another epoch. `isCertain`: a snapshot may hide more losses. */
  | { readonly is: 'renewed'; readonly lost: readonly Revision[]; readonly isCertain: boolean };

/** Returns the head of a log as it was loaded. */
export function headOf({ snapshot, revisions }: Opened): Place {
  return revisions.at(-1)?.at ?? snapshot.at;
}

/** Compares the log with the revisions of a node. */
export function relate(mine: RecentRevisions, log: Opened): Relation {
  const head = headOf(log);
  const { id, version } = mine.head;
  const lost = (): readonly Revision[] => mine.above(lastCommon(mine, log));
  const isCertain = log.snapshot.at.version <= version;
  if (head.id !== id) return { is: 'renewed', lost: lost(), isCertain };
  if (head.version < version) {
    const known = mine.at(head.version);
    const missing = mine.after(head.version);
    if (missing && isSameAt(known, at(log, head.version))) return { is: 'behind', after: head, missing };
    return { is: 'fork', lost: lost() };
  }
  const isSafe = !isCertain || isSameAt(mine.at(version), at(log, version));
  return isSafe ? { is: 'forward', isCertain } : { is: 'fork', lost: lost() };
}

/** Returns the newest version that the node shares with the log; the version before the snapshot's if it shares none. */
function lastCommon(mine: RecentRevisions, log: Opened): number {
  const first = log.snapshot.at.version;
  let version = Math.min(mine.head.version, headOf(log).version);
  while (version >= first && !isSameAt(mine.at(version), at(log, version))) version--;
  return Math.min(version, mine.head.version);
}

function at({ snapshot, revisions }: Opened, version: number): Known | undefined {
  if (version === snapshot.at.version) return snapshot.at;
  const revision = revisions[version - snapshot.at.version - 1];
  return revision && { token: revision.at.token, tag: revision.tag };
}

function isSameAt(one: Known | undefined, other: Known | undefined): boolean {
  return one !== undefined && other !== undefined && isSame(one, other);
}
