/** Reads a server's bytes as a client would: frames of WebSockets and event streams, compressed or not. */
import { constants, inflateRawSync } from 'node:zlib';

/** How much of the past a message may refer to, in bytes (RFC 1951). */
const WINDOW = 32 * 1024;
const FLUSHED = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** Reads the messages of a WebSocket of a server, with the context takeover of permessage-deflate. */
export class WebSocketReader {
  #rest: Buffer = Buffer.alloc(0);
  #past: Buffer = Buffer.alloc(0);
  /** How many messages were compressed. */
  inflated = 0;

  /** @throws Error for a message that cannot be inflated. */
  read(chunk: Buffer): string[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const texts: string[] = [];
    for (let frame; (frame = this.#next());) {
      const [first, payload] = frame;
      if ((first & 0x0f) === 1) texts.push((first & 0x40 ? this.#inflate(payload) : payload).toString());
    }
    return texts;
  }

  #next(): readonly [first: number, payload: Buffer] | undefined {
    const rest = this.#rest;
    if (rest.length < 2) return undefined;
    const short = rest.readUInt8(1) & 0x7f;
    const head = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (rest.length < head) return undefined;
    const length =
      short === 127 ? Number(rest.readBigUInt64BE(2)) : short === 126 ? rest.readUInt16BE(2) : short;
    if (rest.length < head + length) return undefined;
    this.#rest = rest.subarray(head + length);
    return [rest.readUInt8(0), rest.subarray(head, head + length)];
  }

  #inflate(payload: Buffer): Buffer {
    this.inflated++;
    const dictionary = this.#past.length > 0 ? { dictionary: this.#past } : {};
    const { Z_SYNC_FLUSH: finishFlush } = constants;
    const text = inflateRawSync(Buffer.concat([payload, FLUSHED]), { finishFlush, ...dictionary });
    this.#past = Buffer.concat([this.#past, text]).subarray(-WINDOW);
    return text;
  }
}

/** The length of the header of a gzip stream. */
const GZIP_HEAD = 10;

/** Reads an event stream: its text, and the frames and last event id in it. */
export class EventStreamReader {
  readonly #isGzip: boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #read = 0;
  lastEventId: string | undefined;

  constructor(isGzip: boolean) {
    this.#isGzip = isGzip;
  }

  /** Returns the lines that the chunk completes. */
  read(chunk: Uint8Array): string[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const { Z_SYNC_FLUSH: finishFlush } = constants;
    const all = this.#isGzip ? inflateRawSync(this.#bytes.subarray(GZIP_HEAD), { finishFlush }) : this.#bytes;
    const end = all.lastIndexOf('\n') + 1;
    const lines = all.subarray(this.#read, end).toString().split('\n');
    this.#read = end;
    for (const line of lines) if (line.startsWith('id: ')) this.lastEventId = line.slice(4);
    return lines.filter((line) => line !== '');
  }
}

/** The frames in the lines of an event stream. */
export function framesIn(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));
}
