/** The parts of an attack: bytes in pieces, heads of requests, and messages of WebSockets. */
import type { Duplex } from 'node:stream';
import type { Random } from '../../src/testing/random.js';
import { frame } from '../rig/raw-frames.js';
import { HEADERS, PATHS } from './corpus.js';
import { frameText, mutated, mutatedBytes } from './generate.js';

/** Keeps an input for the report. */
export type Note = (input: string | Buffer) => void;

export const EXTENSION = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits';
export const WEB_SOCKET = [
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const BOMB = frame.deflated(Buffer.alloc(1 << 20, ' '));

/** Writes bytes in pieces, so that parsers meet every kind of cut. */
export function write(near: Duplex, random: Random, bytes: Buffer, note: Note): void {
  note(bytes);
  if (near.destroyed || near.writableEnded) return;
  for (let at = 0; at < bytes.length;) {
    const end = random.chance(0.7) ? bytes.length : Math.min(bytes.length, at + random.between(1, 200));
    near.write(bytes.subarray(at, end));
    at = end;
  }
}

export function head(method: string, path: string, headers: readonly string[]): Buffer {
  return Buffer.from(`${[`${method} ${path} HTTP/1.1`, ...headers].join('\r\n')}\r\n\r\n`, 'latin1');
}

/** To compress takes as long as the rest of a message, so that one in four is. */
function compressed(text: string): Buffer {
  return text.length % 4 === 0 || text.length > 20_000 ? frame.deflated(text) : frame.stored(text);
}

/** A message of a WebSocket client, in one of its forms. */
export function message(random: Random, text: string = frameText(random)): Buffer {
  const kind = random.between(0, 13);
  if (kind === 0) return frame.raw(0x82, Buffer.from(text)); // binary
  if (kind === 1) return frame.raw(0x81, Buffer.from([0xc3, 0x28, 0xa0, 0xa1])); // not UTF-8
  if (kind === 2) return compressed(text);
  if (kind === 3) return random.chance(0.1) ? BOMB : compressed(text);
  if (kind === 4) return mutatedBytes(random, frame.text(text));
  if (kind === 5) return mutatedBytes(random, compressed(text));
  if (kind === 6) return frame.raw(random.between(0, 255), Buffer.from(text.slice(0, 100)));
  if (kind === 7)
    return random.chance(0.5) ? frame.ping() : frame.raw(0x88, Buffer.from([3, random.between(0, 255)]));
  if (kind === 8) {
    const cut = random.between(0, text.length);
    return Buffer.concat(frame.fragments([text.slice(0, cut), text.slice(cut), ''], random.chance(0.3)));
  }
  return frame.text(text);
}

export function headers(random: Random): string[] {
  const count = random.between(0, 4);
  const chosen = Array.from({ length: count }, () => random.pick(HEADERS));
  return chosen.map((line) => (random.chance(0.3) ? mutated(random, line).replaceAll(/[\r\n]/g, ' ') : line));
}

export function path(random: Random): string {
  const given = random.pick(PATHS);
  return random.chance(0.4) ? mutated(random, given).replaceAll(/\s/g, '+') : given;
}
