import type { Duplex } from 'node:stream';
import { readServerFrames } from '../rig/server-frames.js';

/** Statuses by which a request may be answered; 500 is none of them. */
const STATUSES: ReadonlySet<number> = new Set([
  101, 200, 204, 304, 400, 401, 403, 404, 405, 406, 408, 413, 414, 421, 426, 429, 431, 501, 503,
]);
/** The code that says that the server failed. Others are ours, of RFC 6455, or echo the code of the client. */
const FAILED = 4500;
const INTERNAL = '"code":"internal"';

/** The answer to an attack on one connection, as far as it arrives. */
export interface Answer {
  /** How the server may not answer. */
  readonly fault: string | undefined;
}

function faultOf(statuses: Iterable<number>): string | undefined {
  for (const status of statuses) if (!STATUSES.has(status)) return `answered ${status}`;
  return undefined;
}

/** Of HTTP/1.1, and of a WebSocket that it becomes. */
export class HttpAnswer implements Answer {
  readonly #chunks: Buffer[] = [];

  constructor(near: Duplex) {
    near.on('data', (chunk: Buffer) => void this.#chunks.push(chunk));
  }

  get fault(): string | undefined {
    const bytes = Buffer.concat(this.#chunks);
    const text = bytes.toString('latin1');
    const statuses = Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status));
    const fault = faultOf(statuses);
    if (fault !== undefined) return fault;
    if (text.includes(INTERNAL)) return 'answered internal';
    const upgraded = text.lastIndexOf('HTTP/1.1 101');
    if (upgraded < 0) return undefined;
    const { close } = readServerFrames(bytes.subarray(text.indexOf('\r\n\r\n', upgraded) + 4));
    return close === FAILED ? `closed ${close}` : undefined;
  }
}

/** Of HTTP/2: the client emits the statuses and texts that it reads. */
export class Http2Answer implements Answer {
  readonly #statuses: number[] = [];
  #text = '';

  constructor(near: Duplex) {
    near.on('status', (status: number) => void this.#statuses.push(status));
    near.on('text', (text: string) => (this.#text += text));
  }

  get fault(): string | undefined {
    return faultOf(this.#statuses) ?? (this.#text.includes(INTERNAL) ? 'answered internal' : undefined);
  }
}
