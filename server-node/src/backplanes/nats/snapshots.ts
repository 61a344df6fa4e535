import { randomUUID } from 'node:crypto';
import type { Bodies } from './bodies.js';
import type { Stream } from './stream.js';

/** The message that names a snapshot. */
export interface Pointer {
  readonly version: number;
  /** The sequence of the entry that has this version. */
  readonly seq: number;
  readonly parts: number;
  /** Drawn at random. The subjects of its parts have it. */
  readonly name: string;
  /** undefined: it is in parts, and was not read or is lost. */
  readonly value: string | undefined;
}

/** The newest snapshot of each topic: one message that names it, and its parts if it is long. */
export class Snapshots {
  readonly #stream: Stream;
  readonly #bodies: Bodies;

  constructor(stream: Stream, bodies: Bodies) {
    this.#stream = stream;
    this.#bodies = bodies;
  }

  /** The newest snapshot, without its value if that is long. undefined: none was saved. */
  async find(key: string): Promise<Pointer | undefined> {
    const stored = await this.#stream.last(this.#subject('snapshot', key));
    return stored && readPointer(stored.text);
  }

  /** undefined: none was saved. `removed`: a newer one replaced it meanwhile. If the stream has lost a part, the value is missing. */
  async load(key: string): Promise<Pointer | 'removed' | undefined> {
    const pointer = await this.find(key);
    if (!pointer || pointer.parts === 0) return pointer;
    const value = await this.#bodies.get(this.#body(key, pointer), pointer.parts);
    if (value !== undefined) return { ...pointer, value };
    // Parts are removed after their snapshot was replaced.
    return (await this.find(key))?.name === pointer.name ? pointer : 'removed';
  }

  /** Whether the stream has all parts of a snapshot. */
  async isWhole(key: string, pointer: Pointer): Promise<boolean> {
    return pointer.parts === 0 || (await this.#bodies.has(this.#body(key, pointer), pointer.parts));
  }

  /** Returns false if the stored snapshot is as new or newer. */
  async save(key: string, version: number, seq: number, value: string): Promise<boolean> {
    const subject = this.#subject('snapshot', key);
    const stored = await this.#stream.last(subject);
    const before = stored && readPointer(stored.text);
    if (before && isAsNew(before, version, seq) && (await this.isWhole(key, before))) return false;
    const name = randomUUID();
    const body = this.#body(key, { name });
    const { parts, first } = await this.#bodies.put(body, value, 100);
    const text = `${version} ${seq} ${parts} ${name} ${parts > 0 ? '' : value}`;
    const at = await this.#stream.put(subject, text, stored?.seq ?? 0);
    if (at !== undefined) {
      await this.#stream.purge(subject, await this.#lastSequence(subject));
      // All former parts, also those of saves whose answers were lost.
      await this.#bodies.remove(this.#subject('body', key), first ?? at);
    } else if (parts > 0) await this.#bodies.remove(body);
    return at !== undefined;
  }

  /** Removes the entries up to `keep` below that of a snapshot, and their parts. The entry of the snapshot always stays. */
  async trim(key: string, seq: number, keep: number): Promise<void> {
    const subject = this.#subject('log', key);
    const sequences = (await this.#stream.from(subject, 1, true)).map((each) => each.seq);
    const first = sequences.indexOf(seq) - Math.max(keep - 1, 0);
    const [before, kept] = sequences.slice(Math.max(first - 1, 0), first + 1);
    if (first < 1 || before === undefined || kept === undefined) return;
    await this.#stream.purge(subject, kept);
    await this.#bodies.remove(this.#subject('part', key), before + 1);
  }

  /** Removes the snapshots that are below a sequence. */
  async drop(key: string, below: number): Promise<void> {
    await this.#stream.purge(this.#subject('snapshot', key), below);
    await this.#bodies.remove(this.#subject('body', key), below);
  }

  async #lastSequence(subject: string): Promise<number> {
    return (await this.#stream.last(subject))?.seq ?? 0;
  }

  #body(key: string, { name }: Pick<Pointer, 'name'>): string {
    return this.#subject('body', `${key}.${name}`);
  }

  #subject(part: 'snapshot' | 'body' | 'log' | 'part', key: string): string {
    return `${this.#stream.prefix}.${part}.${key}`;
  }
}

function readPointer(text: string): Pointer {
  const [head = '', version, seq, parts, name = ''] = /^(\d+) (\d+) (\d+) (\S+) /.exec(text) ?? [];
  return {
    version: Number(version),
    seq: Number(seq),
    parts: Number(parts),
    name,
    value: Number(parts) > 0 ? undefined : text.slice(head.length),
  };
}

/** The sequences come first: a topic that is created again may begin with a lower version. */
const isAsNew = (pointer: Pointer, version: number, seq: number): boolean =>
  pointer.seq > seq || (pointer.seq === seq && pointer.version >= version);
