import type { Duplex } from 'node:stream';
import { readStatuses } from '../rig/raw-http2.js';
import { readServerFrames } from '../rig/server-frames.js';

/** Statuses by which a request may be answered; 500 is none of them. */
const STATUSES: ReadonlySet<number> = new Set([
  101, 200, 204, 304, 400, 401, 403, 404, 405, 406, 408, 413, 414, 421, 426, 429, 431, 501, 503,
]);
/** The code that says that the server failed. Others are ours, of RFC 6455, or echo the code of the client. */
const FAILED = 4500;

/** The bytes that answer an attack on one connection, as far as they arrive. */
export class Answer {
  readonly #chunks: Buffer[] = [];
  readonly #isHttp2: boolean;

  constructor(near: Duplex, isHttp2: boolean) {
    this.#isHttp2 = isHttp2;
    near.on('data', (chunk: Buffer) => void this.#chunks.push(chunk));
  }

  /** How the server may not answer. */
  get fault(): string | undefined {
    const bytes = Buffer.concat(this.#chunks);
    const text = bytes.toString('latin1');
    const odd = (this.#isHttp2 ? readStatuses(bytes) : statusesOf(text)).find((each) => !STATUSES.has(each));
    if (odd !== undefined) return `answered ${odd}`;
    if (text.includes('"code":"internal"')) return 'answered internal';
    const upgraded = this.#isHttp2 ? -1 : text.lastIndexOf('HTTP/1.1 101');
    if (upgraded < 0) return undefined;
    const { close } = readServerFrames(bytes.subarray(text.indexOf('\r\n\r\n', upgraded) + 4));
    return close === FAILED ? `closed ${close}` : undefined;
  }
}

function statusesOf(text: string): number[] {
  return Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status));
}
