import { dataOf, dataText, type Carried } from '@velox/core/protocol';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeData, encodeData } from './binary.js';

const frameOf = (text: string): Carried => JSON.parse(`{${text}}`) as Carried;
const bytes = fc.uint8Array({ maxLength: 5_000 });
const value = fc.oneof(
  fc.jsonValue(),
  bytes,
  fc.record({
    a: fc.array(bytes),
    b: fc.oneof(
      fc.constant(null),
      bytes.map(({ buffer }) => buffer),
    ),
  }),
);

describe('binary data', () => {
  it('is the same text as that of a client, and each side reads the other', () => {
    fc.assert(
      fc.property(value, (data) => {
        const text = encodeData(data);
        expect(text).toBe(dataText(data));
        expect(decodeData(frameOf(text))).toStrictEqual(dataOf(frameOf(text)));
      }),
    );
  });

  it('from a Buffer arrives as a Uint8Array with a buffer of its own', () => {
    const sent = Buffer.from('abc').subarray(1);
    const received = decodeData(frameOf(encodeData({ sent }))) as { sent: Uint8Array };
    expect(received).toStrictEqual({ sent: new Uint8Array([98, 99]) });
    expect(received.sent.buffer.byteLength).toBe(2);
  });

  it('is never looked for in members that all objects inherit', () => {
    const inherited = { value: { deep: 1 }, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(Object.prototype, 'inherited', inherited);
    onTestFinished(() => void Reflect.deleteProperty(Object.prototype, 'inherited'));
    const plain = encodeData({ a: [1, { b: 2 }] });
    Object.assign(inherited.value, { raw: new Uint8Array([1]) });
    expect([plain, encodeData({ a: 1 })]).toEqual(['"data":{"a":[1,{"b":2}]}', '"data":{"a":1}']);
  });

  it('is found in what toJSON returns, and never looked for behind it', () => {
    const cyclic = { self: {} as unknown, toJSON: () => ({ raw: new Uint8Array([1]) }) };
    cyclic.self = cyclic;
    expect(encodeData(cyclic)).toBe('"data":{"raw":null},"binary":[["/raw","AQ=="]]');
    expect(encodeData({ at: new Date(0) })).toBe('"data":{"at":"1970-01-01T00:00:00.000Z"}');
  });

  it.each(['A', 'AA=', 'A===', '====', 'AA A', 'AA-_', 'é==='])(
    'refuses %j, which is no base64',
    (base64) => {
      expect(() => decodeData({ data: null, binary: [['', base64]] })).toThrow(
        expect.objectContaining({ code: 'bad-frame' }),
      );
    },
  );
});
