import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeClientFrame, decodeClientFrames } from './decode.js';
import { isVeloxError } from './error.js';

const KINDS = ['open', 'event', 'subscribe', 'unsubscribe', 'auth', 'ping', 'ack'];

describe('a frame of a client', () => {
  it.each([
    { open: { session: 's', ack: 0, token: 't' } },
    { subscribe: [{}, { topic: 'a', id: 'x', version: 1 }] },
    { unsubscribe: ['a'], seq: 3 },
    { event: 'chat', data: { deep: [1] }, seq: 1 },
    { event: 'chat', data: 'the number after the last one' },
    { event: 'chat', data: 'no number', seq: 0 },
    { auth: 'token', seq: 2 },
    { ack: 7 },
    { bye: true },
    { ping: true },
    { ping: true, ack: true },
  ])('is read: %j', (frame) => {
    expect(decodeClientFrame(JSON.stringify(frame), 10)).toEqual(frame);
  });

  it.each([
    ['a sound kind beside a malformed one', { ping: true, open: null }],
    ['a sound kind beside another of the wrong type', { ping: true, subscribe: 'x' }],
    ['the same, parsed by somebody before', { ping: true, open: undefined }],
    ['a negative number', { auth: 'x', seq: -1 }],
    ['a fraction as a number', { event: 'chat', data: 1, seq: 1.5 }],
    ['a ping that asks for something else', { ping: true, ack: 1 }],
    ['a goodbye with a reason', { bye: { code: 'x' } }],
    ['a token that is none', { auth: { toString: 'x' } }],
    ['an id that no server makes', { subscribe: [{ id: 'x'.repeat(101), version: 1 }] }],
    ['no kind', { nothing: true }],
  ])('is refused: %s', (_, frame) => {
    expect(() => decodeClientFrames([frame], 10)).toThrow(expect.objectContaining({ code: 'bad-frame' }));
  });

  it('is of one kind, and has only checked members', () => {
    const frame = { auth: 'token', seq: 2, ack: 'x', ping: {}, data: 1, more: { x: 1 } };
    expect(decodeClientFrame(JSON.stringify(frame), 10)).toEqual({ auth: 'token', seq: 2 });
    expect(decodeClientFrame('{"ping":true,"next":5,"__proto__":1}', 10)).toEqual({ ping: true });
  });

  it('answers any input by a coded error or a frame that is named once', () => {
    const frames = fc.record(
      Object.fromEntries(
        [...KINDS, 'seq', 'data'].map((name) => [
          name,
          fc.oneof(
            fc.constantFrom<unknown>(null, true, 1, 'x', {}, [], ['x'], [{}], [{ topic: 'a' }], { ack: 1 }),
            fc.jsonValue({ maxDepth: 2 }),
          ),
        ]),
      ),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(frames, (frame) => {
        try {
          const read = decodeClientFrame(JSON.stringify(frame), 10);
          const kinds = KINDS.filter((kind) => kind in read);
          expect(kinds).toEqual('ack' in read && 'ping' in read ? ['ping', 'ack'] : [kinds[0]]);
          expect(JSON.parse(JSON.stringify(frame))).toMatchObject(read); // JSON turns -0 into 0
        } catch (error) {
          if (!isVeloxError(error, 'bad-frame')) throw error;
        }
      }),
    );
  });

  it.each([
    ['not JSON', 'hello?', 'bad-frame'],
    ['no object', '[1]', 'bad-frame'],
    ['too deep', `{"event":"e","seq":1,"data":${'['.repeat(11)}${']'.repeat(11)}}`, 'too-deep'],
  ])('is refused: %s', (_, text, code) => {
    expect(() => decodeClientFrame(text, 10)).toThrow(expect.objectContaining({ code }));
  });
});

describe('the frames of a POST', () => {
  const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  const frames = (levels: number): object[] => [
    { ping: true },
    { event: 'e', data: nested(levels), seq: 1 },
    { ack: 1 },
  ];

  it.each([
    ['as text', (body: object[]) => JSON.stringify(body)],
    ['parsed by somebody before', (body: object[]) => body],
  ])('are each as deep as is allowed, and none deeper: %s', (_, form) => {
    expect(decodeClientFrames(form(frames(10)), 10)).toEqual(frames(10));
    expect(() => decodeClientFrames(form(frames(11)), 10)).toThrow(
      expect.objectContaining({ code: 'too-deep' }),
    );
  });

  it('may be nested as deep as JSON goes, and still get an answer', () => {
    const text = `[{"event":"e","seq":1,"data":${'['.repeat(5_000)}${']'.repeat(5_000)}}]`;
    expect(() => decodeClientFrames(text, 500)).toThrow(expect.objectContaining({ code: 'too-deep' }));
  });

  it.each([['{"ping":true}'], ['null'], ['[null]'], ['[[]]'], ['[{"ping":true},1]'], ['']])(
    'are an array of objects, and not %s',
    (text) => {
      expect(() => decodeClientFrames(text, 10)).toThrow(expect.objectContaining({ code: 'bad-frame' }));
    },
  );
});
