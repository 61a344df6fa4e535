/** The head of a request or a response. */
export interface Head {
  /** The words of its first line: method, target, version; or version, status, reason. */
  readonly start: readonly string[];
  /** By lower case name; where one comes twice, the last. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A slice of the stream, which never goes beyond the head or the message that it belongs to. */
export interface Part {
  readonly bytes: Buffer;
  /** There when `bytes` are a head, whole and nothing else. */
  readonly head?: Head;
  /** Nothing more of this message follows. True for all bytes after HTTP has ended. */
  readonly last: boolean;
}

/** The body after a head: a number of bytes, chunks, all until the connection ends, or bytes that are not
 * HTTP. */
export type Framing = number | 'chunked' | 'close' | 'tunnel';

const EMPTY = Buffer.alloc(0);
const LONGEST_LINE = 64 * 1024;

/**
 * Cuts one direction of a connection at the borders of its HTTP/1.1 messages (RFC 9112 §2, §6, §7.1) and changes no byte. Bytes
 * that cannot be HTTP pass unchanged.
 */
export class HttpSplitter {
  readonly #framing: (head: Head) => Framing;
  #expects: 'head' | 'body' | 'chunk' | 'trailer' | 'tunnel' = 'head';
  #left = 0; // bytes of the body or the chunk
  #chunked = false;
  #rest: Buffer = EMPTY;

  /** @param framing says what follows a head: see {@link requestFraming} and {@link responseFraming} */
  constructor(framing: (head: Head) => Framing) {
    this.#framing = framing;
  }

  /** Treats all further bytes as not HTTP. */
  tunnel(): void {
    this.#expects = 'tunnel';
  }

  /** Takes the received bytes; an unfinished line waits for its end. */
  split(chunk: Buffer): Part[] {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const parts: Part[] = [];
    let from = 0;
    let at = 0;
    const cut = (last: boolean, head?: Head): void => {
      if (at > from) parts.push({ bytes: bytes.subarray(from, at), last, ...(head && { head }) });
      from = at;
    };
    const line = (end: string): string | undefined => {
      const stop = bytes.indexOf(end, at);
      if (stop < 0) return undefined;
      const text = bytes.toString('latin1', at, stop);
      at = stop + end.length;
      return text;
    };

    while (at < bytes.length) {
      if (this.#expects === 'head' && !isCapital(bytes[at])) this.tunnel();
      if (this.#expects === 'tunnel') {
        at = bytes.length;
        cut(true);
      } else if (this.#expects === 'body') {
        const taken = Math.min(this.#left, bytes.length - at);
        at += taken;
        this.#left -= taken;
        if (this.#left > 0) continue;
        this.#expects = this.#chunked ? 'chunk' : 'head';
        if (!this.#chunked) cut(true);
      } else {
        const text = line(this.#expects === 'head' ? '\r\n\r\n' : '\r\n');
        if (text === undefined) {
          if (bytes.length - at < LONGEST_LINE) break;
          this.tunnel();
        } else if (this.#expects === 'head') {
          const head = parseHead(text);
          cut(this.#begin(this.#framing(head)), head);
        } else if (this.#expects === 'chunk') {
          this.#left = parseInt(text, 16) + 2; // and the line break after the data
          this.#expects = this.#left > 2 ? 'body' : 'trailer';
        } else if (text === '') {
          this.#expects = 'head';
          cut(true);
        }
      }
    }
    this.#rest = bytes.subarray(at);
    cut(false);
    return parts;
  }

  /** Gives up the unfinished line, when the connection ends in it. */
  end(): Buffer[] {
    const rest = this.#rest;
    this.#rest = EMPTY;
    return rest.length > 0 ? [rest] : [];
  }

  /** Whether the message ends with its head. */
  #begin(framing: Framing): boolean {
    this.#chunked = framing === 'chunked';
    if (framing === 'tunnel' || framing === 0) {
      this.#expects = framing === 0 ? 'head' : 'tunnel';
      return true;
    }
    this.#expects = framing === 'chunked' ? 'chunk' : 'body';
    this.#left = framing === 'close' ? Infinity : Number(framing);
    return false;
  }
}

/** RFC 9112 §6.3: a request without a length has no body. */
export function requestFraming({ headers }: Head): Framing {
  if (headers.get('transfer-encoding')?.endsWith('chunked')) return 'chunked';
  return Number(headers.get('content-length')) || 0;
}

/** RFC 9112 §6.3. @param method of the request that is answered */
export function responseFraming(head: Head, method: string | undefined): Framing {
  const status = Number(head.start[1]);
  if (status === 101) return 'tunnel';
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return 0;
  return head.headers.has('content-length') || head.headers.has('transfer-encoding')
    ? requestFraming(head)
    : 'close';
}

/** The bytes of a head without some of its headers (lower case), and with lines that take their place. */
export function replaceHeaders(head: Buffer, without: readonly string[], ...lines: string[]): Buffer {
  const [start = '', ...fields] = head.toString('latin1', 0, head.length - 4).split('\r\n');
  const kept = fields.filter((field) => !without.includes(nameOf(field)));
  return Buffer.from(`${[start, ...kept, ...lines].join('\r\n')}\r\n\r\n`, 'latin1');
}

function parseHead(text: string): Head {
  const [start = '', ...fields] = text.split('\r\n');
  const headers = fields.map((field) => [nameOf(field), field.slice(field.indexOf(':') + 1).trim()] as const);
  return { start: start.split(' '), headers: new Map(headers) };
}

function nameOf(field: string): string {
  return field.slice(0, field.indexOf(':')).toLowerCase();
}

function isCapital(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}
