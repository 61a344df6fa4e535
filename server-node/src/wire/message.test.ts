import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { createParser } from 'eventsource-parser';
import { Message } from './message.js';

const { Receiver } = createRequire(import.meta.url)('ws') as {
  Receiver: new (options: object) => {
    on(event: 'message', fn: (data: Buffer) => void): void;
    write(data: Buffer): void;
  };
};

describe('a message', () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])(
    'with %i bytes is a frame that ws reads',
    (length) => {
      const text = 'é'.repeat(length / 2) + 'x'.repeat(length % 2);
      const receiver = new Receiver({ isServer: false });
      let read = '';
      receiver.on('message', (data) => (read = data.toString()));
      const { webSocket } = new Message(text);
      receiver.write(webSocket);
      expect(read).toBe(text);
    },
  );

  it('is one event of an event stream, with the position as its id', () => {
    const events: unknown[] = [];
    const parser = createParser({ onEvent: ({ id, data }) => events.push({ id, data }) });
    parser.feed(new Message('{"ping":true}').sse.bytes.toString());
    parser.feed(new Message('{"a":"\\n"}', { position: { id: 'life', version: 7 } }).sse.bytes.toString());
    expect(events).toEqual([
      { id: undefined, data: '{"ping":true}' },
      { id: 'life:7', data: '{"a":"\\n"}' },
    ]);
  });

  it.each([
    ['is short', { isCompressible: true }, '"word word word word word word"'],
    ['is one client’s own', {}, JSON.stringify('word '.repeat(200))],
  ])('that %s stays as it is', (_, options, text) => {
    const message = new Message(text, options);
    expect(message.deflated).toBe(message.webSocket);
    const { sse, gzip } = message;
    expect(gzip.bytes.subarray(5)).toEqual(sse.bytes);
  });

  it('is compressed if that is worth it, in a frame that is marked as compressed', () => {
    const message = new Message(JSON.stringify('word '.repeat(200)), { isCompressible: true });
    expect(message.deflated.length).toBeLessThan(50);
    expect(message.deflated[0]).toBe(0xc1);
    expect(message.gzip.bytes.length).toBeLessThan(60);
    expect(message.deflated).toBe(message.deflated);
  });

  it('is encoded once a form', () => {
    const message = new Message('{}');
    expect(message.webSocket).toBe(message.webSocket);
    expect(message.sse).toBe(message.sse);
  });
});
