import type { Opened, Place } from '../../cluster/log.js';
import type { Bodies } from './bodies.js';
import { chainOf, readEntry, type Base, type Chain, type Found } from './entry.js';
import type { Snapshots } from './snapshots.js';
import type { Stream } from './stream.js';

/** Begins a new epoch at a head, if the topic has no later entry than `last`. */
type Renew = (key: string, head: Place, last: Base) => Promise<unknown>;

/** Reads the entries of topics, and puts them together. */
export class TopicReader {
  readonly #stream: Stream;
  readonly #bodies: Bodies;
  readonly #snapshots: Snapshots;
  readonly #renew: Renew;

  constructor(stream: Stream, bodies: Bodies, snapshots: Snapshots, renew: Renew) {
    this.#stream = stream;
    this.#bodies = bodies;
    this.#snapshots = snapshots;
    this.#renew = renew;
  }

  /** undefined: something was changed between two steps. */
  async load(key: string): Promise<Opened | undefined> {
    const saved = await this.#snapshots.load(key);
    if (saved === 'removed') return undefined;
    const chain = await this.chain(key, saved?.seq ?? 1);
    if (!chain) return undefined;
    const { initial, start, revisions, run } = chain;
    if (initial !== undefined) return { snapshot: { at: start, value: initial }, revisions, run };
    if (!saved) return undefined;
    // The snapshot may be in the middle of an entry.
    const at = revisions.find((revision) => revision.at.version === saved.version)?.at;
    const rest = revisions.filter((revision) => revision.at.version > saved.version);
    return at && { snapshot: { at, value: saved.value }, revisions: rest, run };
  }

  /** The entries from that of the snapshot on; 1: from the first one. undefined: others have changed them, so the caller begins again. */
  async chain(key: string, seq: number): Promise<Chain | undefined> {
    const { generation } = this.#stream;
    const found = await this.entries(key, seq);
    if (!found || (seq > 1 && found[0].seq !== seq)) return undefined;
    const chain = chainOf(found);
    if (!chain.isForked) return chain;
    // Entries that were purged meanwhile leave a hole, too: then there is a newer snapshot.
    const isSaved = ((await this.#snapshots.find(key))?.seq ?? 1) !== seq;
    // Nodes and clients may have the entries that do not apply, so the epoch ends.
    if (!isSaved) await this.#renew(key, chain.head, { seq: (found.at(-1) as Found).seq, generation });
    return undefined;
  }

  /** Whether the stream has lost the snapshot. It may have written the removal of the revisions below it earlier. */
  async hasNoValue(key: string): Promise<boolean> {
    const found = await this.entries(key, 1);
    const hasFirst = found?.some(({ entry }) => entry.kind === 'create');
    return hasFirst === false && (await this.#snapshots.find(key)) === undefined;
  }

  /** The entries from a sequence on, with their bodies. undefined: there are none, or a body was removed meanwhile. */
  async entries(key: string, seq: number): Promise<[Found, ...Found[]] | undefined> {
    const { prefix } = this.#stream;
    const stored = await this.#stream.from(`${prefix}.log.${key}`, seq);
    const found = await Promise.all(
      stored.map(async (each): Promise<Found | undefined> => {
        const entry = readEntry(each.text);
        if (entry.parts === 0) return { ...each, entry };
        const body = await this.#bodies.get(`${prefix}.part.${key}.${entry.name}`, entry.parts);
        return body === undefined ? undefined : { ...each, entry: { ...entry, body } };
      }),
    );
    return found.length === 0 || found.includes(undefined) ? undefined : (found as [Found, ...Found[]]);
  }
}
