import { randomUUID } from 'node:crypto';
import { VeloxError } from '@velox/core/protocol';
import { FanOut } from '../../cluster/fan-out.js';
import type { Appended, Log, NewRevision, Opened, Place, Revision, Unsubscribe } from '../../cluster/log.js';
import { topicKey } from '../../cluster/topic-key.js';
import { Bodies } from './bodies.js';
import type { NatsMessage } from './client.js';
import * as entries from './entry.js';
import { Snapshots } from './snapshots.js';
import type { Stored, Stream } from './stream.js';

/** The longest head of an entry: an id, numbers and tags. */
const HEAD_BYTES = 200;
/** How often a load begins again because others removed the entries that it was to read. */
const MOST_LOADS = 50;

type Found = Stored & { readonly entry: entries.Entry };

/** A log in a stream of JetStream. The sequence of a topic's last entry is compared by the server. */
export class NatsLog implements Log {
  readonly #stream: Stream;
  readonly #bodies: Bodies;
  readonly #snapshots: Snapshots;
  readonly #followers: FanOut<Revision>;

  constructor(stream: Stream, open: (subject: string) => Promise<void>, close: (subject: string) => void) {
    this.#stream = stream;
    this.#bodies = new Bodies(stream);
    this.#snapshots = new Snapshots(stream, this.#bodies);
    this.#followers = new FanOut(
      (key) => open(this.#subject('revision', key)),
      (key) => close(this.#subject('revision', key)),
    );
  }

  async open(topic: string, initial: string, from = 1): Promise<Opened> {
    const key = topicKey(topic);
    for (let n = 0; n < MOST_LOADS; n++) {
      const opened = (await this.#head(key)) ? await this.#load(key) : await this.#create(key, initial, from);
      if (opened) return { ...opened, run: await this.run() };
    }
    throw new VeloxError(
      'unavailable',
      `topic "${topic}" changes faster than it can be read. Save it less often.`,
    );
  }

  async append(
    topic: string,
    after: Place,
    revisions: readonly NewRevision[],
    within?: unknown,
  ): Promise<Appended> {
    if (within !== undefined)
      throw new VeloxError('not-supported', 'NATS has no transactions to append in. Leave out `within`.');
    const key = topicKey(topic);
    const place = entries.sequenceOf(after);
    const [first] = revisions;
    if (!place || place.rest > 0 || !first) {
      const head = await this.#head(key);
      return !first && head && isSame(head, after) ? { ok: true, at: head } : { ok: false, head };
    }
    const texts = revisions.map(({ patch }) => patch).join('');
    const parts = await this.#bodies.put(
      this.#subject('part', `${key}.${first.tag}`),
      texts,
      HEAD_BYTES + 80 * revisions.length,
    );
    const text = entries.appendOf(after, revisions, parts);
    const seq = await this.#stream.put(this.#subject('log', key), text, place.seq);
    if (seq === undefined) return { ok: false, head: await this.#head(key) };
    const version = after.version + revisions.length;
    return { ok: true, at: { id: after.id, version, token: entries.tokenOf(seq, 0, version, after.id) } };
  }

  async read(topic: string, after: Place): Promise<Revision[] | 'gone' | 'other'> {
    const key = topicKey(topic);
    const head = await this.#head(key);
    const place = entries.sequenceOf(after);
    if (!head || !place || head.id !== after.id || after.version > head.version) return 'other';
    if (after.version === head.version) return isSame(head, after) ? [] : 'other';
    const found = await this.#entries(key, place.seq);
    const [first] = found ?? [];
    if (!found || !first) return 'gone';
    if (first.seq !== place.seq) return first.entry.version <= after.version ? 'other' : 'gone';
    const { start, revisions } = entries.combineEntries(found);
    if (start.id !== after.id) return 'other';
    // The place may be in the middle of the first entry.
    const { entry, seq } = first;
    const whole = entry.kind === 'append' ? entries.revisionsOf(seq, entry, start.id, '') : [];
    const rest = whole.filter(({ at }) => at.version > after.version && at.version < start.version);
    const last = whole.at(-1);
    const ending = last && last.at.version > after.version ? [{ ...last, at: start }] : [];
    return [...rest, ...ending, ...revisions];
  }

  follow(topic: string, onRevision: (revision: Revision) => void, onDoubt: () => void): Promise<Unsubscribe> {
    return this.#followers.add(topicKey(topic), onRevision, onDoubt);
  }

  heads(topics: readonly string[]): Promise<(Place | undefined)[]> {
    return Promise.all(topics.map((topic) => this.#head(topicKey(topic))));
  }

  async saveSnapshot(topic: string, at: Place, value: string, keep: number): Promise<boolean> {
    const key = topicKey(topic);
    const place = entries.sequenceOf(at);
    const head = await this.#head(key);
    if (!place || head?.id !== at.id || at.version > head.version) return false;
    const subject = this.#subject('log', key);
    const stored = await this.#stream.at(subject, place.seq);
    const entry = stored && entries.readEntry(stored.text);
    if (!entry || entry.kind === 'create') return false;
    const isThere = entries.lastPlace(place.seq, entry).version === at.version + place.rest;
    if (!isThere || !(await this.#snapshots.save(key, at.version, place.seq, value))) return false;
    await this.#trim(key, place.seq, keep);
    return true;
  }

  async renew(topic: string, id: string): Promise<Place> {
    const key = topicKey(topic);
    for (;;) {
      const head = await this.#head(key);
      if (!head) throw new VeloxError('not-found', `the log has no topic "${topic}". Open it.`);
      if (head.id !== id) return head;
      const { version } = head;
      const entry = { kind: 'renew', id: randomUUID(), version, tags: ['-'], texts: [], parts: 0 } as const;
      const after = entries.sequenceOf(head)?.seq as number;
      await this.#stream.put(this.#subject('log', key), entries.writeEntry(entry), after);
    }
  }

  async drop(topic: string): Promise<void> {
    const key = topicKey(topic);
    await this.#stream.purge(this.#subject('log', key));
    await this.#snapshots.drop(key);
    await this.#bodies.remove(this.#subject('part', key));
  }

  run(): Promise<string> {
    return this.#stream.run();
  }

  /** Tells the followers of a subject about an entry that was accepted. */
  tell(message: NatsMessage): void {
    const key = message.subject.slice(this.#subject('revision', '').length);
    const entry = entries.readEntry(message.string());
    const [seq, before] = ['Nats-Sequence', 'Nats-Last-Sequence'].map((name) =>
      Number(message.headers?.get(name)),
    );
    if (entry?.kind !== 'append' || entry.parts > 0 || !seq || !before) return this.#followers.doubt(key);
    const previous = entries.tokenOf(before, 0, entry.version - 1, entry.id);
    for (const revision of entries.revisionsOf(seq, entry, entry.id, previous))
      this.#followers.tell(key, revision);
  }

  doubt(): void {
    this.#followers.doubt();
  }

  async #create(key: string, initial: string, from: number): Promise<undefined> {
    const tag = randomUUID();
    const parts = await this.#bodies.put(this.#subject('part', `${key}.${tag}`), initial, HEAD_BYTES);
    const entry = {
      kind: 'create',
      id: randomUUID(),
      version: from,
      tags: [tag],
      texts: [initial],
      parts,
    } as const;
    await this.#stream.put(this.#subject('log', key), entries.writeEntry(entry), 0);
  }

  /** undefined: something was removed between two steps. */
  async #load(key: string): Promise<Omit<Opened, 'run'> | undefined> {
    const saved = await this.#snapshots.load(key);
    if (saved === 'removed') return undefined;
    const found = await this.#entries(key, saved?.seq ?? 1);
    const [first] = found ?? [];
    if (!found || !first) return undefined;
    if (saved ? first.seq !== saved.seq : first.entry.kind !== 'create') return undefined;
    const { start, revisions } = entries.combineEntries(found);
    if (!saved) return { snapshot: { at: start, value: first.entry.body }, revisions };
    if (saved.version === start.version) return { snapshot: { at: start, value: saved.value }, revisions };
    // The snapshot is in the middle of an entry.
    const within = entries.revisionsOf(first.seq, first.entry, start.id, '');
    const at = within.find((revision) => revision.at.version === saved.version)?.at as Place;
    const rest = within.filter((revision) => revision.at.version > saved.version);
    return { snapshot: { at, value: saved.value }, revisions: [...rest, ...revisions] };
  }

  async #head(key: string): Promise<Place | undefined> {
    const stored = await this.#stream.last(this.#subject('log', key));
    const entry = stored && entries.readEntry(stored.text);
    return entry && entries.lastPlace(stored.seq, entry);
  }

  /** The entries from a sequence on, with their bodies. undefined: a body was removed meanwhile. */
  async #entries(key: string, seq: number): Promise<Found[] | undefined> {
    const stored = await this.#stream.from(this.#subject('log', key), seq);
    const found = await Promise.all(
      stored.map(async (each): Promise<Found | undefined> => {
        const entry = entries.readEntry(each.text);
        if (!entry?.parts) return entry && { ...each, entry };
        const body = await this.#bodies.get(this.#subject('part', `${key}.${entry.tags[0]}`), entry.parts);
        return body === undefined ? undefined : { ...each, entry: { ...entry, body } };
      }),
    );
    return found.includes(undefined) ? undefined : (found as Found[]);
  }

  /** Removes the entries up to `keep` below that of a snapshot, and their parts. The entry of the snapshot always stays. */
  async #trim(key: string, seq: number, keep: number): Promise<void> {
    const subject = this.#subject('log', key);
    const sequences = (await this.#stream.from(subject, 1, true)).map((each) => each.seq);
    const first = sequences.indexOf(seq) - Math.max(keep - 1, 0);
    const [before, kept] = sequences.slice(Math.max(first - 1, 0), first + 1);
    if (first < 1 || before === undefined || kept === undefined) return;
    await this.#stream.purge(subject, kept);
    await this.#bodies.remove(this.#subject('part', key), before + 1);
  }

  #subject(part: 'log' | 'part' | 'revision', key: string): string {
    return `${this.#stream.prefix}.${part}.${key}`;
  }
}

const isSame = (one: Place, two: Place): boolean =>
  one.token === two.token && one.id === two.id && one.version === two.version;
