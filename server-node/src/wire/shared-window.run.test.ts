/** Runs of a shared window, message by message: which of its clients get a compressed frame, and to what the frame refers. */
import { inflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createRandom } from '../../src/testing/random.js';
import { deflated } from './deflate.js';
import { Place, SharedWindow, type WindowMessage } from './shared-window.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(10_000);
});
afterEach(() => void vi.useRealTimers());

const message = (text: string): WindowMessage => ({ text, webSocket: Buffer.from(`plain ${text}`) });
const random = createRandom(1, 1);
/** Text that no compression shortens. */
const noise = (length: number): string =>
  Array.from({ length }, () => String.fromCharCode(random.between(33, 126))).join('');
const words = (n: number): string => `${'some words, '.repeat(5)}and the number ${n}`;

/** A client that decompresses each frame with the texts of the frames before, as RFC 7692 defines. */
class Reader {
  readonly place = new Place();
  #past = Buffer.alloc(0);
  /** Bytes of the last compressed payload. */
  size = 0;

  /** Receives a message; returns its form. */
  take(window: SharedWindow, each: WindowMessage): 'missed' | 'plain' | 'first' | 'next' {
    const frame = window.frame(each, this.place);
    if (!frame) return 'missed';
    if (frame === each.webSocket) return 'plain';
    const short = (frame[1] as number) & 127;
    const payload = frame.subarray(short < 126 ? 2 : short === 126 ? 4 : 10);
    this.size = payload.length;
    const block = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
    const inflate = (dictionary: Buffer): string =>
      inflateRawSync(block, { finishFlush: 2, ...(dictionary.length && { dictionary }) }).toString();
    expect(inflate(this.#past)).toBe(each.text);
    this.#past = Buffer.concat([this.#past, Buffer.from(each.text)]).subarray(-32 * 1024);
    try {
      return inflate(Buffer.alloc(0)) === each.text ? 'first' : 'next';
    } catch {
      return 'next';
    }
  }
}

/** A window with a run of some messages, and clients that have all of them. */
function run(
  clients = 2,
  length = 2,
): { window: SharedWindow; readers: Reader[]; send: (n: number) => string[] } {
  const window = new SharedWindow();
  const readers = Array.from({ length: clients }, () => new Reader());
  const send = (n: number): string[] => {
    const each = message(words(n));
    return readers.map((reader) => reader.take(window, each));
  };
  for (let n = 0; n < length; n++) send(n);
  return { window, readers, send };
}

it('the first message of a run stands alone, and later ones refer to it', () => {
  const { send } = run(2, 0);
  expect(send(1)).toEqual(['first', 'first']);
  expect(send(2)).toEqual(['next', 'next']);
  expect(send(3)).toEqual(['next', 'next']);
});

it('a client that missed a message gets no frame of the run, and delays no other', () => {
  const { window, readers, send } = run(3);
  const [, ...others] = readers as [Reader, ...Reader[]];
  const missed = message(words(2));
  for (const reader of others) reader.take(window, missed);
  expect(send(3)).toEqual(['missed', 'next', 'next']);
  expect(send(4)).toEqual(['missed', 'next', 'next']);
});

it('a message for a single client that is behind is not part of the run', () => {
  const { window, readers, send } = run(1);
  expect(new Reader().take(window, message('of its own'))).toBe('missed');
  expect(readers[0]?.take(window, message(words(2)))).toBe('next');
  expect(send(3)).toEqual(['next']);
});

it('a new client joins a second after the beginning of the run, and all clients begin the next run together', () => {
  const { window, readers, send } = run(2, 1);
  vi.advanceTimersByTime(600);
  send(1);
  const late = new Reader();
  expect(late.take(window, message(words(2)))).toBe('missed');
  readers.push(late);
  vi.advanceTimersByTime(399);
  expect(send(3)).toEqual(['next', 'next', 'missed']);
  vi.advanceTimersByTime(1);
  expect(send(4)).toEqual(['first', 'first', 'first']);
  expect(send(5)).toEqual(['next', 'next', 'next']);
});

it('a run goes on as long as no client waits', () => {
  const { window, readers, send } = run();
  vi.advanceTimersByTime(60_000);
  expect(send(3)).toEqual(['next', 'next']);
  readers.push(new Reader());
  expect(readers[2]?.take(window, message(words(9)))).toBe('first');
  readers[0]?.place.leave();
  readers.splice(0, 2);
  expect(send(4)).toEqual(['next']);
  vi.advanceTimersByTime(60_000);
  expect(send(5)).toEqual(['next']);
});

it('a new client joins after 64 KiB of messages', () => {
  const { window, readers } = run(1, 0);
  const part = 'x'.repeat(16 * 1024);
  const late = new Reader();
  for (let n = 0; n < 4; n++) {
    const each = message(part);
    expect(readers[0]?.take(window, each)).toBe(n === 0 ? 'first' : 'next');
    if (n > 0) expect(late.take(window, each)).toBe('missed');
  }
  expect(late.take(window, message(part))).toBe('first');
});

it('a message that compression does not shorten goes uncompressed, and is no part of the run', () => {
  const { window, readers, send } = run();
  const short = message(noise(5));
  expect(readers.map((reader) => reader.take(window, short))).toEqual(['plain', 'plain']);
  expect(send(3)).toEqual(['next', 'next']);
});

it('a message that is as long compressed goes uncompressed', () => {
  const past = words(0);
  const even = (text: string): boolean =>
    deflated(Buffer.from(text), Buffer.from(past)).length === text.length;
  let text = words(1);
  for (let n = 0; !even(text); n++) text = past.slice(0, n % 12) + noise(n % 40);
  const { window, readers } = run(1, 0);
  readers[0]?.take(window, message(past));
  expect(readers[0]?.take(window, message(text))).toBe('plain');
});

it('a run begins with a message of any kind', () => {
  const { window, readers, send } = run(2, 0);
  const short = message(noise(5));
  expect(readers.map((reader) => reader.take(window, short))).toEqual(['first', 'first']);
  send(1);
  expect(send(2)).toEqual(['next', 'next']);
});

it('messages refer to the last 16 KiB, and no further', () => {
  const sizeAfter = (between: number): number => {
    const { window, readers } = run(1, 0);
    const [reader] = readers as [Reader];
    const block = noise(4_000);
    // Noise alone would go uncompressed, and be no part of the run.
    const pad = 'y'.repeat(2_000);
    for (const text of [noise(9_000) + pad, block + pad, noise(between) + pad, block + pad])
      expect(reader.take(window, message(text))).not.toBe('missed');
    return reader.size;
  };
  expect(sizeAfter(6_000)).toBeLessThan(1_000);
  expect(sizeAfter(18_000)).toBeGreaterThan(3_000);
});

it('a place is in the window if its message is the last one that its client received', () => {
  const { window, readers } = run(1);
  const { place } = readers[0] as Reader;
  const other = new SharedWindow();
  expect([place.isIn(window), place.isIn(other), new Place().isIn(window)]).toEqual([true, false, false]);
  other.frame(message('of the other'), place);
  expect([place.isIn(window), place.isIn(other)]).toEqual([false, true]);
  place.leave();
  expect(place.isIn(other)).toBe(false);
});
