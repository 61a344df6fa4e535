import { randomUUID } from 'node:crypto';
import { isVeloxError, VeloxError } from '@velox/core/protocol';
import { FanOut } from '../../cluster/fan-out.js';
import type { Appended, Log, NewRevision, Opened, Place, Revision, Unsubscribe } from '../../cluster/log.js';
import { topicKey } from '../../cluster/topic-key.js';
import { Bodies } from './bodies.js';
import type { NatsMessage } from './client.js';
import * as entries from './entry.js';
import { isSame, type Base, type Entry, type NewEntry } from './entry.js';
import { Snapshots } from './snapshots.js';
import type { Stream } from './stream.js';
import { TopicReader } from './topic-reader.js';

/** The longest head of an entry: its name, run, place and numbers. Each of its tags adds to it. */
const HEAD_BYTES = 320;
const TAG_BYTES = 96;
/** How often a load begins again because others removed the entries that it was to read. */
const MOST_LOADS = 50;

/** The last entry of a topic. */
interface Last extends Base {
  readonly place: Place;
  readonly run: string;
}

const NO_TEXTS = { tags: [], texts: [], parts: 0 } as const;

/** A log in a stream of JetStream. The sequence of a topic's last entry is compared by the server. */
export class NatsLog implements Log {
  readonly #stream: Stream;
  readonly #bodies: Bodies;
  readonly #snapshots: Snapshots;
  readonly #reader: TopicReader;
  readonly #followers: FanOut<Revision>;
  /** The last entries as this node knows them: an append to one of them need not ask for it. */
  readonly #known = new Map<string, Last>();

  constructor(stream: Stream, open: (subject: string) => Promise<void>, close: (subject: string) => void) {
    this.#stream = stream;
    this.#bodies = new Bodies(stream);
    this.#snapshots = new Snapshots(stream, this.#bodies);
    this.#reader = new TopicReader(stream, this.#bodies, this.#snapshots, (...args) => this.#renew(...args));
    this.#followers = new FanOut(
      (key) => open(this.#subject('revision', key)),
      (key) => {
        this.#known.delete(key);
        close(this.#subject('revision', key));
      },
    );
  }

  async open(topic: string, initial: string, from = 1): Promise<Opened> {
    const key = topicKey(topic);
    for (let n = 0; n < MOST_LOADS; n++) {
      const last = await this.#last(key);
      const opened = last ? await this.#reader.load(key) : await this.#create(key, initial, from);
      if (opened) return opened;
      if (!last || !(await this.#reader.hasNoValue(key))) continue;
      // A caller that is behind would hide newer revisions, which other nodes may have.
      if (from <= last.place.version) throw lostSnapshot(topic);
      await this.#create(key, initial, from, last);
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
    const isEmpty = revisions.length === 0;
    const run = await this.#stream.knownRun();
    const texts = revisions.map(({ patch }) => patch);
    const tags = revisions.map(({ tag }) => tag);
    for (;;) {
      let last = isEmpty ? undefined : this.#known.get(key);
      if (last?.generation !== this.#stream.generation || !isSame(last.place, after))
        last = await this.#last(key);
      if (!last || !isSame(last.place, after)) return { ok: false, head: last?.place };
      if (isEmpty && last.run === run) return { ok: true, at: after };
      // Parts of an attempt that was refused lie below the entry that came first, so they go when the entries below that one go.
      const name = randomUUID();
      const subject = this.#subject('part', `${key}.${name}`);
      const { parts } = await this.#bodies.put(subject, texts.join(''), HEAD_BYTES + TAG_BYTES * tags.length);
      const { id, version, token } = after;
      const kind = isEmpty ? 'confirm' : 'append';
      const first = isEmpty ? version : version + 1;
      const entry = { kind, name, run, after: token, id, version: first, tags, texts, parts } as const;
      const at = await this.#put(key, entry, last);
      if (at) return { ok: true, at };
    }
  }

  async read(topic: string, after: Place): Promise<Revision[] | 'gone' | 'other'> {
    const key = topicKey(topic);
    const head = (await this.#last(key))?.place;
    if (!head || head.id !== after.id || after.version > head.version) return 'other';
    if (after.version === head.version) return isSame(head, after) ? [] : 'other';
    const seq = entries.sequenceOf(after);
    if (seq === undefined) return 'other';
    const found = await this.#reader.entries(key, seq);
    if (!found) return 'gone';
    const [first] = found;
    if (first.seq !== seq) return first.entry.version <= after.version ? 'other' : 'gone';
    const { start, revisions, head: last, isForked } = entries.chainOf(found);
    const isThere = [start, ...revisions.map(({ at }) => at)].some((at) => isSame(at, after));
    if (!isThere || isForked || last.id !== after.id) return 'other';
    return revisions.filter(({ at }) => at.version > after.version);
  }

  follow(topic: string, onRevision: (revision: Revision) => void, onDoubt: () => void): Promise<Unsubscribe> {
    return this.#followers.add(topicKey(topic), onRevision, onDoubt);
  }

  heads(topics: readonly string[]): Promise<(Place | undefined)[]> {
    return Promise.all(topics.map((topic) => this.#head(topicKey(topic))));
  }

  async saveSnapshot(topic: string, at: Place, value: string, keep: number): Promise<boolean> {
    const key = topicKey(topic);
    if (!(await this.#reader.has(key, at))) return false;
    const seq = entries.sequenceOf(at) as number;
    if (!(await this.#snapshots.save(key, at.version, seq, value))) return false;
    await this.#snapshots.trim(key, seq, keep);
    return true;
  }

  isLoadable(topic: string): Promise<boolean> {
    return this.#reader.isLoadable(topicKey(topic));
  }

  async renew(topic: string, id: string): Promise<Place> {
    const key = topicKey(topic);
    for (;;) {
      const last = await this.#last(key);
      if (!last) throw new VeloxError('not-found', `the log has no topic "${topic}". Open it.`);
      if (last.place.id !== id) return last.place;
      const renewed = await this.#renew(key, last.place, last);
      if (renewed) return renewed;
    }
  }

  async drop(topic: string): Promise<void> {
    const key = topicKey(topic);
    this.#known.delete(key);
    // Another node may create the topic again as soon as its log is empty.
    const below = (await this.#stream.end()) + 1;
    await this.#stream.purge(this.#subject('log', key));
    await this.#snapshots.drop(key, below);
    await this.#bodies.remove(this.#subject('part', key), below);
  }

  run(): Promise<string> {
    return this.#stream.run();
  }

  /** Tells the followers of a subject about an entry that was accepted. */
  tell(message: NatsMessage): void {
    const key = message.subject.slice(this.#subject('revision', '').length);
    const seq = Number(message.headers?.get('Nats-Sequence'));
    let entry: Entry;
    try {
      entry = entries.readEntry(message.string());
    } catch {
      return this.#followers.doubt(key); // the read reports it
    }
    this.#note(key, seq, entry);
    if (entry.kind === 'confirm') return;
    if (entry.kind !== 'append' || entry.parts > 0 || !seq) return this.#followers.doubt(key);
    for (const revision of entries.revisionsOf(seq, entry)) this.#followers.tell(key, revision);
  }

  doubt(): void {
    this.#followers.doubt();
  }

  async #create(key: string, initial: string, version: number, last?: Base): Promise<undefined> {
    const run = await this.#stream.knownRun();
    const base = last ?? { seq: 0, generation: this.#stream.generation };
    const [name, id] = [randomUUID(), randomUUID()];
    const { parts } = await this.#bodies.put(this.#subject('part', `${key}.${name}`), initial, HEAD_BYTES);
    const entry = { ...NO_TEXTS, kind: 'create', name, run, after: '-', id, version, parts } as const;
    await this.#put(key, { ...entry, texts: [initial] }, base);
  }

  async #renew(key: string, { version, token }: Place, last: Base): Promise<Place | undefined> {
    const run = await this.#stream.knownRun();
    const [name, id] = [randomUUID(), randomUUID()];
    return this.#put(key, { ...NO_TEXTS, kind: 'renew', name, run, after: token, id, version }, last);
  }

  /** Stores an entry after the last one. Returns the new head; undefined: another entry came first. */
  async #put(key: string, entry: NewEntry, last: Base): Promise<Place | undefined> {
    const seq = await this.#stream.put(this.#subject('log', key), entries.writeEntry(entry), last.seq);
    this.#known.delete(key);
    if (seq === undefined) return undefined;
    // The client sends again after a reconnect, and the stream may have given the sequence to another entry meanwhile.
    if (last.generation !== this.#stream.generation)
      throw new VeloxError('timeout', 'NATS was restarted during an append. Read the log for its result.');
    return this.#note(key, seq, { ...entry, lengths: [], body: '' }).place;
  }

  /** Without an entry that cannot be read: the read of its topic reports it, and the other topics go on. */
  async #head(key: string): Promise<Place | undefined> {
    try {
      return (await this.#last(key))?.place;
    } catch (error) {
      if (isVeloxError(error, 'not-supported')) return undefined;
      throw error;
    }
  }

  async #last(key: string): Promise<Last | undefined> {
    const stored = await this.#stream.last(this.#subject('log', key));
    if (stored) return this.#note(key, stored.seq, entries.readEntry(stored.text));
    this.#known.delete(key);
    return undefined;
  }

  /** The stream has an entry as the last one of a topic. */
  #note(key: string, seq: number, entry: Entry): Last {
    const { generation } = this.#stream;
    const last = { seq, place: entries.placeOf(seq, entry), run: entry.run, generation };
    this.#known.set(key, last);
    return last;
  }

  #subject(part: 'log' | 'part' | 'revision', key: string): string {
    return `${this.#stream.prefix}.${part}.${key}`;
  }
}

const lostSnapshot = (topic: string): VeloxError =>
  new VeloxError(
    'unavailable',
    `NATS has lost the snapshot of "${topic}". A server that holds the topic saves it again; if none does, call drop() of the log.`,
  );
