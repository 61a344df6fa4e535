import { isUtf8 } from 'node:buffer';
import { constants, inflateRawSync } from 'node:zlib';
import { VeloxError } from '@velox/core/protocol';
import { headOf, type FrameHead } from './frame-head.js';

/** The end of a message in a flushed stream (RFC 7692 §7.2.2). */
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/**
 * Reads the text of a whole message, of one frame or several. Browsers compress their open frame as well, so a stranger's first message
 * is inflated: synchronously, and to `limit` bytes at most.
 *
 * @throws VeloxError `bad-frame`, also for more than `limit` bytes.
 */
export function readMessage(raw: Buffer, limit: number): string {
  const first = headOf(raw) as FrameHead; // the gate passes on whole frames only
  if (first.size === raw.length && first.opcode === 1 && !first.isDeflated)
    return textOf(unmasked(raw, first.head));
  const parts: Buffer[] = [];
  let isDeflated = false;
  for (let at = 0; at < raw.length;) {
    const frame = headOf(raw.subarray(at)) as FrameHead;
    if (frame.opcode === 2) throw new VeloxError('bad-frame', 'the peer sent a binary message. Send text.');
    isDeflated ||= frame.isDeflated;
    parts.push(unmasked(raw.subarray(at, at + frame.size), frame.head));
    at += frame.size;
  }
  const payload = Buffer.concat(isDeflated ? [...parts, TAIL] : parts);
  return textOf(isDeflated ? inflated(payload, limit) : payload);
}

function textOf(payload: Buffer): string {
  if (isUtf8(payload)) return payload.toString();
  throw new VeloxError('bad-frame', 'the peer sent a message that is not UTF-8. Send JSON text.');
}

function unmasked(frame: Buffer, head: number): Buffer {
  const payload = Buffer.from(frame.subarray(head));
  for (let at = 0; at < payload.length; at++)
    payload[at] = (payload[at] as number) ^ (frame[head - 4 + (at & 3)] as number);
  return payload;
}

function inflated(payload: Buffer, limit: number): Buffer {
  try {
    return inflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: limit });
  } catch (cause) {
    throw new VeloxError(
      'bad-frame',
      `the peer's first message does not inflate to ${limit} bytes or less. Send only the open frame.`,
      {
        cause,
      },
    );
  }
}
