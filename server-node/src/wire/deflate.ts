import { constants, deflateRawSync } from 'node:zlib';

/** The end of a sync flush: an empty stored block (RFC 1951 §3.2.4), after which the next byte is the next block's. */
const FLUSHED = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** The most that one stored block takes. */
const STORED_BYTES = 0xffff;
/** Bytes before a stored block. */
const HEAD_BYTES = 5;

/**
 * Raw deflate blocks (RFC 1951) that refer to nothing outside but `before`, and end flushed: a reader of these is able to
 * read the next ones immediately. It is synchronous: once a message, for all sessions, costs less than a turn of the thread pool.
 *
 * @param before the last text that the reader had before this; default: no text to refer to
 */
export function flushed(data: Buffer, before?: Buffer): Buffer {
  const { Z_SYNC_FLUSH: finishFlush } = constants;
  return deflateRawSync(data, before?.length ? { finishFlush, dictionary: before } : { finishFlush });
}

/** The same without its end, as permessage-deflate sends it: the reader puts it back (RFC 7692 §7.2.1). */
export function deflated(data: Buffer, before?: Buffer): Buffer {
  return payloadOf(flushed(data, before));
}

/** Flushed blocks without their end. */
export function payloadOf(flush: Buffer): Buffer {
  return flush.subarray(0, -FLUSHED.length);
}

/** The same, uncompressed, so that its length reveals nothing about the content. */
export function stored(data: Buffer): Buffer {
  const blocks = Buffer.allocUnsafe(data.length + HEAD_BYTES * Math.ceil(data.length / STORED_BYTES));
  for (let from = 0, to = 0; from < data.length; from += STORED_BYTES, to += HEAD_BYTES + STORED_BYTES) {
    const length = Math.min(STORED_BYTES, data.length - from);
    blocks[to] = 0; // not the last block, not compressed; then the length, and its complement
    blocks.writeUInt16LE(length, to + 1);
    blocks.writeUInt16LE(~length & STORED_BYTES, to + 3);
    data.copy(blocks, to + HEAD_BYTES, from, from + length);
  }
  return blocks;
}

/** The header of a gzip stream (RFC 1952 §2.3): no name, no time, unknown system. */
export const GZIP_HEAD: Buffer = Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0xff]);
