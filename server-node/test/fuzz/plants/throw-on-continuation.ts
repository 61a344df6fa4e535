import { headOf as original, type FrameHead } from '../../../src/transports/websocket/frame-head.js';
export * from '../../../src/transports/websocket/frame-head.js';

/** A continuation frame throws where its header is read, in the event of the socket. */
export function headOf(bytes: Buffer): FrameHead | undefined {
  const head = original(bytes);
  if (head && head.opcode === 0) throw new RangeError('a continuation');
  return head;
}
