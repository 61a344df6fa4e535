import { VeloxError } from '@velox/core/protocol';
import type { Place, Revision } from '../../cluster/log.js';
import type { Stored } from './stream.js';

/**
 * A message of a topic's log.
 *
 * - `create`: the first one, with the value at `version`; also after a loss of the value.
 * - `append`: revisions from `version` on.
 * - `renew`: a new id for the head, at `version`.
 * - `confirm`: the head, at `version`, is known in the present run of the engine.
 */
export interface Entry {
  readonly kind: 'create' | 'append' | 'renew' | 'confirm';
  /** Drawn at random: a stream that lost its end gives the same sequences to other entries. */
  readonly name: string;
  /** The run of the engine in which it was written. */
  readonly run: string;
  /** The token of the place that it follows; `-` if it is the first. The stream compares the sequence alone. */
  readonly after: string;
  readonly id: string;
  readonly version: number;
  /** The texts that the entry has: a value, or patches. A long one is in that many parts instead. */
  readonly tags: readonly string[];
  readonly lengths: readonly number[];
  readonly parts: number;
  readonly body: string;
}

/** An entry that is to be stored. */
export type NewEntry = Omit<Entry, 'lengths' | 'body'> & { readonly texts: readonly string[] };

/** An entry at its place in the stream. */
export interface Found extends Stored {
  readonly entry: Entry;
}

/** The entry that the next one is to follow. */
export interface Base {
  readonly seq: number;
  /** The generation of the stream that has it. */
  readonly generation: string;
}

/** The entries of a topic, put together. */
export interface Chain {
  /** The value of a topic whose first entry is here. */
  readonly initial: string | undefined;
  /** Where the first entry ends. */
  readonly start: Place;
  /** The revisions of all entries, also of the first one. An epoch that was renewed has all of them under its own id. */
  readonly revisions: readonly Revision[];
  readonly head: Place;
  /** The run of the engine in which the head was written or confirmed. */
  readonly run: string;
  /** Whether the last entry follows on another history. It was sent before the stream lost its end, and does not apply. */
  readonly isForked: boolean;
}

const HEAD = /^2 (create|append|renew|confirm) (\S+) (\S+) (\S+) (\S+) (\d+) (\d+) (\S+) /;

export function writeEntry(entry: NewEntry): string {
  const { kind, name, run, after, id, version, tags, parts, texts } = entry;
  const names = tags.map((tag, n) => `${tag}:${texts[n]?.length ?? 0}`).join(',') || '-';
  const head = `2 ${kind} ${name} ${run} ${after} ${id} ${version} ${parts} ${names} `;
  return parts > 0 ? head : head + texts.join('');
}

/** @throws VeloxError `not-supported` if the entry has another format. */
export function readEntry(text: string): Entry {
  const [head, kind, name = '', run = '', after = '', id = '', version, parts, names = ''] =
    HEAD.exec(text) ?? [];
  if (head === undefined)
    throw new VeloxError(
      'not-supported',
      'the stream has an entry that this version of Velox cannot read. Delete the stream, or give nats() another prefix.',
    );
  const pairs = names === '-' ? [] : names.split(',').map((pair) => pair.split(':') as [string, string]);
  return {
    kind: kind as Entry['kind'],
    name,
    run,
    after,
    id,
    version: Number(version),
    parts: Number(parts),
    tags: pairs.map(([tag]) => tag),
    lengths: pairs.map(([, length]) => Number(length)),
    body: text.slice(head.length),
  };
}

/** The token of a revision: the sequence of its entry, its index in it, and the name of the entry. */
const tokenOf = (seq: number, index: number, name: string): string => `${seq}.${index}.${name}`;

/** The sequence of the entry that a token names; undefined: the token is not of this engine. */
export function sequenceOf({ token }: Place): number | undefined {
  const [, seq] = /^(\d+)\.\d+\.\S+$/.exec(token) ?? [];
  return seq === undefined ? undefined : Number(seq);
}

/** The place of the topic's head after an entry. */
export function placeOf(seq: number, { kind, name, after, id, version, tags }: Entry): Place {
  if (kind === 'renew' || kind === 'confirm') return { id, version, token: after };
  const index = Math.max(tags.length - 1, 0);
  return { id, version: version + index, token: tokenOf(seq, index, name) };
}

export const isSame = (one: Place, two: Place): boolean =>
  one.token === two.token && one.id === two.id && one.version === two.version;

/** The revisions of one entry, whose body is here. */
export function revisionsOf(seq: number, entry: Entry): Revision[] {
  const { kind, name, after, id, version, tags } = entry;
  if (kind !== 'append') return [];
  let [previous, start] = [after, 0];
  return tags.map((tag, n) => {
    const at = { id, version: version + n, token: tokenOf(seq, n, name) };
    const end = start + (entry.lengths[n] as number);
    const revision = { at, previous, tag, patch: entry.body.slice(start, end) };
    [previous, start] = [at.token, end];
    return revision;
  });
}

/** Puts the entries of a topic together. The first one, or the last one that created the topic, is known to be in its history. */
export function chainOf(found: readonly [Found, ...Found[]]): Chain {
  const created = found.findLastIndex(({ entry }) => entry.kind === 'create');
  const [first, ...rest] = found.slice(Math.max(created, 0)) as [Found, ...Found[]];
  const start = placeOf(first.seq, first.entry);
  const revisions = revisionsOf(first.seq, first.entry);
  let [head, run, isForked] = [start, first.entry.run, false];
  for (const { seq, entry } of rest) {
    isForked = !isNext(entry, head);
    if (isForked) continue;
    revisions.push(...revisionsOf(seq, entry));
    [head, run] = [placeOf(seq, entry), entry.run];
  }
  const { id } = head;
  const initial = first.entry.kind === 'create' ? first.entry.body : undefined;
  const renewed = revisions.map((revision) => ({ ...revision, at: { ...revision.at, id } }));
  return { initial, start: { ...start, id }, revisions: renewed, head, run, isForked };
}

const isNext = ({ kind, after, id }: Entry, head: Place): boolean =>
  after === head.token && (kind === 'renew' || id === head.id);
