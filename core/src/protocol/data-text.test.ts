import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataOf } from './data-of.js';
import { dataText, type Carried } from './data-text.js';
import { isVeloxError } from './error.js';

const roundTrip = (data: unknown): unknown => dataOf(JSON.parse(`{${dataText(data)}}`) as Carried);
const bytes = fc.uint8Array({ maxLength: 40 });
const { data } = fc.letrec((tie) => ({
  data: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, 0, '', '~/'),
    bytes,
    bytes.map(({ buffer }) => buffer),
    fc.array(tie('data'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', '', 'a/b', '~', '~1', '0', '__proto__', 'toString'), tie('data'), {
      noNullPrototype: true,
    }),
  ),
}));

describe('binary data', () => {
  it('arrives as it was sent, anywhere in the data', () => {
    fc.assert(
      fc.property(data, (value) => {
        expect(roundTrip(value)).toStrictEqual(value);
      }),
      { numRuns: Number(process.env.VELOX_RUNS ?? 500) },
    );
  });

  it('is a null in the data, and base64 beside it', () => {
    expect(dataText({ a: [1, new Uint8Array([1, 2, 3])], 'b/c': new ArrayBuffer(2) })).toBe(
      '"data":{"a":[1,null],"b/c":null},"binary":[["/a/1","AQID"],["/b~1c","AAA=",true]]',
    );
    expect(dataText(new Uint8Array([255]))).toBe('"data":null,"binary":[["","/w=="]]');
  });

  it('does not change other data', () => {
    const value = { at: new Date(0), no: undefined, list: [undefined, () => 1], nested: { toJSON: () => 7 } };
    expect(dataText(value)).toBe(`"data":${JSON.stringify(value)}`);
    expect(dataText(undefined)).toBe('"data":null');
  });

  it('may be part of a larger buffer, or shared', () => {
    const part = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
    const shared = { part };
    expect(roundTrip({ one: shared, two: [shared] })).toStrictEqual({
      one: { part: new Uint8Array([1, 2]) },
      two: [{ part: new Uint8Array([1, 2]) }],
    });
  });

  it('may have 1 MiB', () => {
    const large = new Uint8Array(1 << 20).map((_, at) => at * 7);
    expect(Buffer.compare(roundTrip(large) as Uint8Array, large)).toBe(0);
  });

  it.each([new Float32Array(1), new DataView(new ArrayBuffer(1)), new Uint16Array(2)])(
    'is no other view of a buffer: %s',
    (view) => {
      expect(() => dataText([view])).toThrow(TypeError);
    },
  );

  it.each<[string, Carried]>([
    ['a place that is not there', { data: {}, binary: [['/a', '']] }],
    ['a place that is taken', { data: { a: 1 }, binary: [['/a', '']] }],
    ['a place that was filled before', { data: [null], binary: [['/0', ''], ['/0', '']] }], // prettier-ignore
    ['a place of the prototype', { data: {}, binary: [['/__proto__/x', '']] }],
    ['a place inside of a text', { data: 'text', binary: [['/0', '']] }],
    ['no pointer', { data: { a: null }, binary: [['a', '']] }],
    ['no base64', { data: null, binary: [['', '%']] }],
  ])('for %s is a bad frame', (_, frame) => {
    expect(() => dataOf(frame)).toThrow(expect.objectContaining({ code: 'bad-frame' }));
  });

  it('from a hostile peer never change a prototype, and throw nothing but a bad frame', () => {
    const path = fc
      .array(fc.constantFrom('a', '0', '__proto__', 'constructor', 'prototype', '', '~2', 'length'), {
        maxLength: 3,
      })
      .map((keys) => keys.map((key) => `/${key}`).join(''));
    const part = fc.tuple(path, fc.oneof(fc.base64String(), fc.string()));
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.array(part, { maxLength: 3 }), (json, binary) => {
        try {
          dataOf({ data: JSON.parse(json) as unknown, binary });
        } catch (error) {
          if (!isVeloxError(error, 'bad-frame')) throw error;
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
    );
  });
});
