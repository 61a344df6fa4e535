import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HttpSplitter, replaceHeaders, requestFraming, responseFraming, type Part } from './http-splitter.js';

const body = fc.string({ unit: fc.constantFrom(...'aA0:\r\n'), maxLength: 40 });
const withLength = body.map((text) => ({ text, wire: `Content-Length: ${text.length}\r\n\r\n${text}` }));
const chunked = fc.array(body.filter(Boolean), { maxLength: 4 }).map((chunks) => ({
  text: chunks.join(''),
  wire: `Transfer-Encoding: chunked\r\n\r\n${chunks.map(chunkOf).join('')}0\r\nX-Trailer: 1\r\n\r\n`,
}));
const bare = fc.constant({ text: '', wire: '\r\n' });
const messages = fc.array(fc.oneof(withLength, chunked, bare), { maxLength: 6 });

function chunkOf(text: string): string {
  return `${text.length.toString(16)};ext=1\r\n${text}\r\n`;
}

/** Feeds `wire` in pieces of the sizes given, again and again. */
function feed(splitter: HttpSplitter, wire: string, sizes: readonly number[]): Part[] {
  const bytes = Buffer.from(wire, 'latin1');
  const parts: Part[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    parts.push(...splitter.split(bytes.subarray(at, at + size)));
    at += size;
  }
  return parts;
}

const text = (parts: readonly Part[]): string =>
  Buffer.concat(parts.map(({ bytes }) => bytes)).toString('latin1');

describe('HttpSplitter', () => {
  it('finds the same messages however the stream is cut, and loses no byte', () => {
    fc.assert(
      fc.property(
        messages,
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (messages, sizes) => {
          const wires = messages.map(({ wire }) => `POST /a HTTP/1.1\r\n${wire}`);
          const splitter = new HttpSplitter(requestFraming);
          const parts = feed(splitter, wires.join(''), sizes);
          expect(splitter.end()).toEqual([]);
          const found: Part[][] = [[]];
          for (const part of parts) {
            found.at(-1)!.push(part);
            if (part.last) found.push([]);
          }
          expect(found.pop()).toEqual([]);
          expect(found.map(text)).toEqual(wires);
          for (const [first, ...rest] of found) {
            expect(first!.head!.start).toEqual(['POST', '/a', 'HTTP/1.1']);
            expect(first!.bytes.toString().endsWith('\r\n\r\n')).toBe(true);
            expect(rest.every((part) => !part.head)).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 0],
    ['GET', 'HTTP/1.1 100 Continue\r\n\r\n', 0],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 0],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 0],
    ['GET', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'tunnel'],
    ['GET', 'HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\n', 5],
    ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 'chunked'],
    ['GET', 'HTTP/1.0 200 OK\r\n\r\n', 'close'],
  ])('knows what follows: %s, %j', (method, wire, framing) => {
    const [part] = new HttpSplitter(() => 0).split(Buffer.from(wire));
    expect(responseFraming(part!.head!, method)).toBe(framing);
  });

  it('reads a body without a length until the connection ends, and passes bytes that are not HTTP', () => {
    const parts = feed(new HttpSplitter(() => 'close'), 'HTTP/1.0 200 OK\r\n\r\nHTTP/1.0 no head', [7]);
    expect(parts.filter(({ head }) => head)).toHaveLength(1);
    expect(parts.every(({ last }) => !last)).toBe(true);
    for (const alien of ['\x16\x03\x01', 'A'.repeat(70_000)]) {
      const parts = feed(new HttpSplitter(() => 0), alien, [5000]);
      expect(text(parts)).toBe(alien);
      expect(parts.every(({ last, head }) => last && !head)).toBe(true);
    }
  });

  it('gives out the unfinished line at the end', () => {
    const splitter = new HttpSplitter(() => 0);
    expect(splitter.split(Buffer.from('GET / HT'))).toEqual([]);
    expect(splitter.end()).toEqual([Buffer.from('GET / HT')]);
    expect(splitter.end()).toEqual([]);
  });
});

it('replaceHeaders takes out by name and puts in lines', () => {
  const head = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nUPGRADE: websocket\r\nUpgraded: no\r\n\r\n');
  expect(replaceHeaders(head, ['upgrade'], 'Connection: close').toString()).toBe(
    'GET / HTTP/1.1\r\nHost: x\r\nUpgraded: no\r\nConnection: close\r\n\r\n',
  );
});
