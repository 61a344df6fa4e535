import type { Stream } from './stream.js';

/** Where a text was stored. */
export interface Parts {
  /** 0: the message itself holds it. */
  readonly parts: number;
  /** The lowest sequence of its parts. */
  readonly first?: number;
}

/** Texts that are too long for one message: they are stored in parts, before the message that names them. */
export class Bodies {
  readonly #stream: Stream;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Stores a text if it is too long. */
  async put(subject: string, text: string, headLength: number): Promise<Parts> {
    const size = this.#stream.limit;
    if (Buffer.byteLength(text) + headLength <= size) return { parts: 0 };
    // At most 3 bytes of UTF-8 for a unit of UTF-16. A part may end inside of a surrogate pair, so it is sent as bytes.
    const bytes = Buffer.from(text);
    const step = Math.floor((size * 3) / 4);
    const parts: [string, string][] = [];
    for (let start = 0; start < bytes.length; start += step)
      parts.push([`${subject}.${parts.length}`, bytes.toString('base64', start, start + step)]);
    const sequences = await this.#stream.putAll(parts);
    return { parts: parts.length, first: Math.min(...sequences) };
  }

  /** Reads a text in parts. undefined: it was removed. */
  async get(subject: string, count: number): Promise<string | undefined> {
    const found = await Promise.all(
      Array.from({ length: count }, (_, n) => this.#stream.last(`${subject}.${n}`)),
    );
    const bytes = found.map((part) => part && Buffer.from(part.text, 'base64'));
    return bytes.includes(undefined) ? undefined : Buffer.concat(bytes as Buffer[]).toString();
  }

  /** Whether a text in parts can be read. */
  async has(subject: string, count: number): Promise<boolean> {
    return (await this.#stream.from(`${subject}.>`, 1, true)).length >= count;
  }

  async remove(subject: string, below?: number): Promise<void> {
    await this.#stream.purge(`${subject}.>`, below);
  }
}
