import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseParser } from './sse-parser.js';

interface Event {
  readonly data: string;
  readonly event: string;
}

function parse(...chunks: string[]): Event[] {
  const events: Event[] = [];
  const feed = createSseParser((data, event) => events.push({ data, event }));
  chunks.forEach(feed);
  return events;
}

function oracle(text: string): Event[] {
  const events: Event[] = [];
  // It holds a CR at the end of its input back, for the LF that may follow: a comment lets it go, and says nothing.
  createParser({ onEvent: ({ data, event = '' }) => events.push({ data, event }) }).feed(`${text}:`);
  return events;
}

describe('the parser of event streams', () => {
  it.each([
    ['one line', 'data: a\n\n', ['a']],
    ['no space', 'data:a\n\n', ['a']],
    ['one space is taken, a second is data', 'data:  a\n\n', [' a']],
    ['several lines', 'data: a\ndata: b\n\n', ['a\nb']],
    ['an empty line of data', 'data\n\n', ['']],
    ['two empty lines of data', 'data:\ndata:\n\n', ['\n']],
    ['CR', 'data: a\r\r', ['a']],
    ['CRLF', 'data: a\r\n\r\n', ['a']],
    ['all mixed', 'data: a\rdata: b\r\ndata: c\n\r\n', ['a\nb\nc']],
    ['comments', ': hi\ndata: a\n:\n\n', ['a']],
    ['no data, no event', 'id: 1\n\nevent: x\n\n', []],
    ['unknown fields', 'retry: 1\nid: 1\nfoo: bar\nbar\ndata: a\n\n', ['a']],
    ['a colon in the data', 'data: {"a":1}\n\n', ['{"a":1}']],
    [
      'line separators of JavaScript, not of the standard',
      'data: a\u2028b\u2029c\u0085d\n\n',
      ['a\u2028b\u2029c\u0085d'],
    ],
    ['what the end cut off', 'data: a\n\ndata: b\n', ['a']],
  ])('knows %s', (_, text, expected) => {
    expect(parse(text).map(({ data }) => data)).toEqual(expected);
  });

  it('names an event, and forgets the name with it', () => {
    expect(
      parse('event: x\ndata: a\n\ndata: b\n\nevent: y\n\ndata: c\n\nevent: z\nevent\ndata: d\n\n'),
    ).toEqual([
      { data: 'a', event: 'x' },
      { data: 'b', event: '' },
      { data: 'c', event: '' },
      { data: 'd', event: '' },
    ]);
  });

  it('takes a CRLF that is cut in two for one line end', () => {
    expect(parse('data: a\r', '\ndata: b\r', '', '\n\r', '\n')).toEqual([{ data: 'a\nb', event: '' }]);
  });

  it('tells an event as soon as its empty line begins', () => {
    expect(parse('data: a\r\n\r')).toHaveLength(1);
  });

  const line = fc.oneof(
    fc.constantFrom(
      '',
      '',
      'data',
      'data:',
      'data: ',
      'data:  x',
      'data: {"a":1}',
      ': c',
      'event: x',
      'event:',
    ),
    fc
      .tuple(fc.constantFrom('data:', 'data: ', 'event: ', 'id: ', ':', ''), fc.string())
      .map(([field, value]) => {
        return field + value.replace(/[\r\n]/g, '');
      }),
  );
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\n', '\r', '\r\n')))
    .map((lines) => lines.flat().join(''))
    // The oracle takes these bytes for a byte order mark.
    .filter((text) => !text.startsWith('\xEF\xBB\xBF'));

  it('agrees with eventsource-parser, however the stream is cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(9), { minLength: 1 }), (text, sizes) => {
        const chunks: string[] = [];
        for (let at = 0, i = 0; at < text.length; i++) {
          const size = sizes[i % sizes.length] || +(i % 2 === 0);
          chunks.push(text.slice(at, at + size));
          at += size;
        }
        expect(chunks.join('')).toBe(text);
        expect(parse(...chunks)).toEqual(oracle(text));
      }),
      { numRuns: 1_000 },
    );
  });
});
