/** The first byte of a text message in one frame (RFC 6455 §5.2), and with what RFC 7692 §6 adds for one that is compressed. */
const FIN_TEXT = 0x81;
const FIN_RSV1_TEXT = 0xc1;

/**
 * An unfragmented, unmasked text frame (RFC 6455 §5.2).
 *
 * @param size bytes of the text in UTF-8
 */
export function textFrame(text: string, size: number): Buffer {
  const { frame, head } = begin(FIN_TEXT, size);
  frame.write(text, head);
  return frame;
}

/** The frame of a message that permessage-deflate has compressed (RFC 7692 §7.2.1). */
export function deflatedFrame(payload: Buffer): Buffer {
  const { frame, head } = begin(FIN_RSV1_TEXT, payload.length);
  payload.copy(frame, head);
  return frame;
}

function begin(first: number, length: number): { frame: Buffer; head: number } {
  const head = length < 126 ? 2 : length < 65536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = first;
  if (head === 2) {
    frame[1] = length;
  } else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length % 2 ** 32, 6);
  }
  return { frame, head };
}
