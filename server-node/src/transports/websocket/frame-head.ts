/** The header of one WebSocket frame (RFC 6455 §5.2). */
export interface FrameHead {
  readonly opcode: number;
  readonly isFinal: boolean;
  /** RSV1: the message is compressed (RFC 7692 §6). */
  readonly isDeflated: boolean;
  /** RSV2 and RSV3, which no extension uses here. */
  readonly reserved: number;
  readonly isMasked: boolean;
  /** Bytes of the header, the mask included. */
  readonly head: number;
  /** Bytes of the payload. */
  readonly length: number;
  /** Bytes of the whole frame. */
  readonly size: number;
}

/** Reads a frame's header; undefined if it is not complete. */
export function headOf(bytes: Buffer): FrameHead | undefined {
  if (bytes.length < 2) return undefined;
  const [first, second] = [bytes[0] as number, bytes[1] as number]; // an iterator of bytes would be slow
  const short = second & 0x7f;
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  const isMasked = (second & 0x80) !== 0;
  const head = 2 + extra + (isMasked ? 4 : 0);
  if (bytes.length < head) return undefined;
  const length = extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return {
    opcode: first & 0x0f,
    isFinal: (first & 0x80) !== 0,
    isDeflated: (first & 0x40) !== 0,
    reserved: first & 0x30,
    isMasked,
    head,
    length,
    size: head + length,
  };
}

/** Whether a frame is a ping, a pong or a close (RFC 6455 §5.5). */
export function isControl({ opcode }: Pick<FrameHead, 'opcode'>): boolean {
  return opcode >= 8;
}
