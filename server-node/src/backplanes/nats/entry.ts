import type { NewRevision, Place, Revision } from '../../cluster/log.js';
import type { Stored } from './stream.js';

/**
 * A message of a topic's log.
 *
 * - `create`: the first one, with the value at `version`.
 * - `append`: revisions from `version` on.
 * - `renew`: a new id for the head, at `version`.
 */
export interface Entry {
  readonly kind: 'create' | 'append' | 'renew';
  readonly id: string;
  readonly version: number;
  /** The texts that the entry has: a value, or patches. A long one is in that many parts instead. */
  readonly tags: readonly string[];
  readonly lengths: readonly number[];
  readonly parts: number;
  readonly body: string;
}

export function writeEntry(entry: Omit<Entry, 'lengths' | 'body'> & { texts: readonly string[] }): string {
  const { kind, id, version, tags, parts, texts } = entry;
  const names = tags.map((tag, n) => `${tag}:${texts[n]?.length ?? 0}`).join(',');
  return `${kind} ${id} ${version} ${parts} ${names} ${parts > 0 ? '' : texts.join('')}`;
}

export function readEntry(text: string): Entry | undefined {
  const [head = '', kind, id = '', version, parts, names = ''] =
    /^(create|append|renew) (\S+) (\d+) (\d+) (\S+) /.exec(text) ?? [];
  if (head === '') return undefined;
  const pairs = names.split(',').map((name) => name.split(':') as [string, string]);
  return {
    kind: kind as Entry['kind'],
    id,
    version: Number(version),
    parts: Number(parts),
    tags: pairs.map(([tag]) => tag),
    lengths: pairs.map(([, length]) => Number(length)),
    body: text.slice(head.length),
  };
}

/**
 * The token of a place: the sequence of its entry and how many revisions of the entry follow it. Only the last revision of an entry can
 * be appended to. Version and id are in it, because the stream compares the sequence alone.
 */
export function tokenOf(seq: number, rest: number, version: number, id: string): string {
  return `${seq}.${rest}.${version}.${id}`;
}

/** The sequence that a place's token names. undefined: the token is not of this place. */
export function sequenceOf({ id, version, token }: Place): { seq: number; rest: number } | undefined {
  const [seq, rest, ...place] = token.split('.');
  return place.join('.') === `${version}.${id}` ? { seq: Number(seq), rest: Number(rest) } : undefined;
}

/** The place of an entry's last version. */
export function lastPlace(seq: number, { kind, id, version, tags }: Entry): Place {
  const last = kind === 'append' ? version + tags.length - 1 : version;
  return { id, version: last, token: tokenOf(seq, 0, last, id) };
}

/** The revisions of one entry, whose body is here. */
export function revisionsOf(seq: number, entry: Entry, id: string, before: string): Revision[] {
  let [previous, start] = [before, 0];
  return entry.tags.map((tag, n) => {
    const version = entry.version + n;
    const at = { id, version, token: tokenOf(seq, entry.tags.length - n - 1, version, id) };
    const end = start + (entry.lengths[n] as number);
    const revision = { at, previous, tag, patch: entry.body.slice(start, end) };
    [previous, start] = [at.token, end];
    return revision;
  });
}

/** Puts the entries of a topic together. An epoch that was renewed has all earlier revisions under its own id. */
export function combineEntries(stored: readonly (Stored & { readonly entry: Entry })[]): {
  /** Where the first entry ends. */
  readonly start: Place;
  readonly revisions: Revision[];
} {
  const [first, ...rest] = stored as [(typeof stored)[number], ...typeof stored];
  const id = stored.at(-1)?.entry.id as string;
  const from = lastPlace(first.seq, { ...first.entry, id });
  let start = from;
  const revisions: Revision[] = [];
  const renewLast = (seq: number): void => {
    const last = revisions.pop();
    const { version } = last?.at ?? start;
    const at = { id, version, token: tokenOf(seq, 0, version, id) };
    if (last) revisions.push({ ...last, at });
    else start = at;
  };
  for (const { seq, entry } of rest) {
    if (entry.kind === 'renew') renewLast(seq);
    else revisions.push(...revisionsOf(seq, entry, id, revisions.at(-1)?.at.token ?? start.token));
  }
  return { start, revisions };
}

/** The revisions of an append, as an entry of their own. */
export const appendOf = (after: Place, revisions: readonly NewRevision[], parts: number): string =>
  writeEntry({
    kind: 'append',
    id: after.id,
    version: after.version + 1,
    tags: revisions.map(({ tag }) => tag),
    texts: revisions.map(({ patch }) => patch),
    parts,
  });
