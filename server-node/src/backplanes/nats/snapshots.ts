import { randomUUID } from 'node:crypto';
import type { Bodies } from './bodies.js';
import type { Stream } from './stream.js';

interface Pointer {
  readonly version: number;
  /** The sequence of the entry that has this version. */
  readonly seq: number;
  readonly parts: number;
  /** The sequences of its parts. */
  readonly name: string;
  readonly value: string;
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

  /** undefined: none was saved. `removed`: a newer one replaced it meanwhile. */
  async load(key: string): Promise<Pointer | 'removed' | undefined> {
    const pointer = await this.find(key);
    if (!pointer || pointer.parts === 0) return pointer;
    const value = await this.#bodies.get(this.#subject('body', `${key}.${pointer.name}`), pointer.parts);
    return value === undefined ? 'removed' : { ...pointer, value };
  }

  /** Returns false if the stored snapshot is as new or newer. */
  async save(key: string, version: number, seq: number, value: string): Promise<boolean> {
    const subject = this.#subject('snapshot', key);
    const stored = await this.#stream.last(subject);
    const before = stored && readPointer(stored.text);
    if (before && before.version >= version) return false;
    const name = randomUUID();
    const body = this.#subject('body', `${key}.${name}`);
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

  async drop(key: string): Promise<void> {
    await this.#stream.purge(this.#subject('snapshot', key));
    await this.#bodies.remove(this.#subject('body', key));
  }

  async #lastSequence(subject: string): Promise<number> {
    return (await this.#stream.last(subject))?.seq ?? 0;
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
    value: text.slice(head.length),
  };
}
