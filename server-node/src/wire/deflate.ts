import { constants, deflateRawSync } from 'node:zlib';

/** What a sync flush ends with: an empty stored block (RFC 1951 §3.2.4), after which the next byte is the next block's. */
const FLUSHED = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** The most that one stored block takes. */
const STORED = 0xffff;

/**
 * Raw deflate blocks (RFC 1951) that refer to nothing outside but `before`, and end flushed: whatever has read these is able to
 * read what follows at once. It is synchronous: once a message, for all sessions, costs less than a turn of the thread pool.
 *
 * @param before what the reader had before this, the last of it; default: nothing that may be referred to
 */
export function flushed(data: Buffer, before?: Buffer): Buffer {
  const { Z_SYNC_FLUSH: finishFlush } = constants;
  return deflateRawSync(data, before?.length ? { finishFlush, dictionary: before } : { finishFlush });
}

/** The same without its end, as permessage-deflate sends it: the reader puts it back (RFC 7692 §7.2.1). */
export function deflated(data: Buffer, before?: Buffer): Buffer {
  return flushed(data, before).subarray(0, -FLUSHED.length);
}

/** The same, uncompressed: nobody learns from its length what is in it. */
export function stored(data: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < data.length; at += STORED) {
    const part = data.subarray(at, at + STORED);
    const head = Buffer.alloc(5); // not the last block, not compressed; then the length, and its complement
    head.writeUInt16LE(part.length, 1);
    head.writeUInt16LE(~part.length & STORED, 3);
    parts.push(head, part);
  }
  return Buffer.concat(parts);
}

/** What a gzip stream begins with (RFC 1952 §2.3): no name, no time, of an unknown system. */
export const GZIP_HEAD: Buffer = Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0xff]);
