import type { Opened, Place } from '../../cluster/log.js';
import type { Bodies } from './bodies.js';
import { chainOf, isSame, readEntry, type Base, type Chain, type Found } from './entry.js';
import type { Pointer, Snapshots } from './snapshots.js';
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

  /** undefined: something was changed between two steps, or the value is lost. */
  async load(key: string): Promise<Opened | undefined> {
    const saved = await this.#snapshots.load(key);
    if (saved === 'removed') return undefined;
    const chain = await this.#chain(key, saved, saved?.value === undefined ? 1 : saved.seq);
    if (!chain) return undefined;
    const { initial, start, revisions, run } = chain;
    if (initial !== undefined) return { snapshot: { at: start, value: initial }, revisions, run };
    if (saved?.value === undefined) return undefined;
    // The snapshot may be in the middle of an entry.
    const at = revisions.find((revision) => revision.at.version === saved.version)?.at;
    const rest = revisions.filter((revision) => revision.at.version > saved.version);
    return at && { snapshot: { at, value: saved.value }, revisions: rest, run };
  }

  /** The entries from a sequence on, with their bodies. undefined: there are none, or a body was removed meanwhile. */
  async entries(key: string, seq: number): Promise<[Found, ...Found[]] | undefined> {
    const found = await Promise.all(
      (await this.#withoutBodies(key, seq)).map(async ({ entry, ...each }): Promise<Found | undefined> => {
        if (entry.parts === 0) return { ...each, entry };
        const subject = `${this.#stream.prefix}.part.${key}.${entry.name}`;
        const body = await this.#bodies.get(subject, entry.parts);
        return body === undefined ? undefined : { ...each, entry: { ...entry, body } };
      }),
    );
    return found.length === 0 || found.includes(undefined) ? undefined : (found as [Found, ...Found[]]);
  }

  /** Whether the log has a place, at its snapshot or above. */
  async has(key: string, at: Place): Promise<boolean> {
    const seq = (await this.#snapshots.find(key))?.seq ?? 1;
    const [first, ...rest] = await this.#withoutBodies(key, seq);
    if (!first) return false;
    const { revisions, isForked } = chainOf([first, ...rest]);
    return !isForked && revisions.some((revision) => isSame(revision.at, at));
  }

  /**
   * Whether the stream has lost the value of a topic. It may have written the removal of revisions earlier than the snapshot above them,
   * and the removal of parts earlier than the snapshot that replaced theirs.
   */
  async hasNoValue(key: string): Promise<boolean> {
    const found = await this.#withoutBodies(key, 1);
    const last = found.at(-1);
    if (!last || found.some(isCreate)) return false;
    const saved = await this.#snapshots.load(key);
    if (saved === 'removed') return false;
    if (saved?.value === undefined) return true;
    // An entry is removed after its snapshot was replaced. A snapshot above all entries was saved meanwhile.
    return saved.seq < last.seq && !found.some(({ seq }) => seq === saved.seq);
  }

  /** Whether the topic can be loaded, by few requests. Also false if another node saves a snapshot meanwhile. */
  async isLoadable(key: string): Promise<boolean> {
    const saved = await this.#snapshots.find(key);
    const first = await this.#stream.next(this.#subject(key), saved?.seq ?? 1);
    if (!first || readEntry(first.text).kind === 'create') return true;
    return saved?.seq === first.seq && (await this.#snapshots.isWhole(key, saved));
  }

  /** The entries from a sequence on, in one history. undefined: others have changed them, so the caller begins again. */
  async #chain(key: string, saved: Pointer | undefined, seq: number): Promise<Chain | undefined> {
    const { generation } = this.#stream;
    const found = await this.entries(key, seq);
    // Without the entry of the snapshot, the topic begins with the entry that created it again.
    if (!found || (seq > 1 && found[0].seq !== seq && !found.some(isCreate))) return undefined;
    const chain = chainOf(found);
    if (!chain.isForked) return chain;
    // Entries that were purged meanwhile leave a hole, too: then there is a newer snapshot.
    const isNewest = (await this.#snapshots.find(key))?.name === saved?.name;
    // Nodes and clients may have the entries that do not apply, so the epoch ends.
    if (isNewest) await this.#renew(key, chain.head, { seq: (found.at(-1) as Found).seq, generation });
    return undefined;
  }

  /** The entries from a sequence on; a text in parts is missing. */
  async #withoutBodies(key: string, seq: number): Promise<Found[]> {
    const stored = await this.#stream.from(this.#subject(key), seq);
    return stored.map((each) => ({ ...each, entry: readEntry(each.text) }));
  }

  #subject(key: string): string {
    return `${this.#stream.prefix}.log.${key}`;
  }
}

const isCreate = ({ entry }: Found): boolean => entry.kind === 'create';
