import { randomBytes } from 'node:crypto';
import type { Bus } from './bus.js';

/** Bytes of a part that its head may take: an id, a number and a count. */
const HEAD_BYTES = 48;
/** For how long the rest of a message may be missing, in ms. Publishers send all parts together. */
const PATIENCE_MS = 30_000;

interface Unfinished {
  readonly chunks: string[];
  readonly since: number;
}

/** Lets a bus carry messages of any length: long ones travel in parts, and arrive whole or not at all. */
export function withParts(bus: Bus): Bus {
  const sender = randomBytes(6).toString('base64url');
  let sent = 0;
  return {
    limit: Infinity,
    async publish(subject, data) {
      // At most 3 bytes of UTF-8 are needed for a unit of UTF-16, so short texts need not be measured.
      const size = bus.limit - HEAD_BYTES;
      if (data.length * 3 <= size || Buffer.byteLength(data) <= size) return bus.publish(subject, ` ${data}`);
      const chunks = split(data, size);
      const id = `${sender}${(sent++).toString(36)}`;
      await Promise.all(
        chunks.map((chunk, n) => bus.publish(subject, `${id} ${n} ${chunks.length} ${chunk}`)),
      );
    },
    subscribe(subject, fn, onDoubt) {
      const unfinished = new Map<string, Unfinished>();
      const receive = (message: string): void => {
        if (message.startsWith(' ')) return fn(message.slice(1));
        const [head, id, n, count] = /^(\S+) (\d+) ([1-9]\d*) /.exec(message) ?? [];
        if (head === undefined || id === undefined) return;
        const now = performance.now();
        for (const [old, { since }] of unfinished) if (now - since > PATIENCE_MS) unfinished.delete(old);
        const parts = unfinished.get(id) ?? { chunks: [], since: now };
        if (Number(n) < parts.chunks.length) return; // it has arrived twice
        // Parts of one publisher arrive in order, so another number means that one was lost.
        if (parts.chunks.length !== Number(n)) return void unfinished.delete(id);
        parts.chunks.push(message.slice(head.length));
        if (parts.chunks.length < Number(count)) return void unfinished.set(id, parts);
        unfinished.delete(id);
        fn(parts.chunks.join(''));
      };
      return bus.subscribe(subject, receive, () => {
        unfinished.clear();
        onDoubt?.();
      });
    },
  };
}

/** Cuts a text into pieces of at most `size` bytes of UTF-8, never inside a character. */
function split(text: string, size: number): string[] {
  const bytes = Buffer.from(text);
  const pieces: string[] = [];
  for (let start = 0; start < bytes.length;) {
    let end = Math.min(start + size, bytes.length);
    // Bytes of the form 10xxxxxx continue a character.
    while (end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end--;
    pieces.push(bytes.toString('utf8', start, end));
    start = end;
  }
  return pieces;
}
