import { createGunzip, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deflated, flushed, GZIP_HEAD, stored } from './deflate.js';
import { numRuns } from '../../test/rig/documents.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const bytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }),
  fc.string({ minLength: 1, maxLength: 30 }).map((text) => Buffer.from(text.repeat(50))),
);

describe('the deflated text', () => {
  it('can be read with the earlier messages, and alone if it refers to none', () => {
    fc.assert(
      fc.property(bytes, bytes, (before, data) => {
        const tail = Buffer.from([0, 0, 0xff, 0xff]);
        const alone = Buffer.concat([deflated(Buffer.from(data)), tail]);
        const after = Buffer.concat([deflated(Buffer.from(data), Buffer.from(before)), tail]);
        const finishFlush = 2; // Z_SYNC_FLUSH
        expect(inflateRawSync(alone, { finishFlush })).toEqual(Buffer.from(data));
        expect(inflateRawSync(after, { finishFlush, dictionary: before })).toEqual(Buffer.from(data));
      }),
      { numRuns },
    );
  });

  it('is readable at once in a gzip stream, part by part, in any order, compressed or not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(bytes, fc.boolean()), { maxLength: 10 }), async (parts) => {
        const gunzip = createGunzip();
        let read = Buffer.alloc(0);
        gunzip.on('data', (data: Buffer) => (read = Buffer.concat([read, data])));
        gunzip.write(GZIP_HEAD);
        for (const [data, isStored] of parts) {
          read = Buffer.alloc(0);
          const block = isStored ? stored(Buffer.from(data)) : flushed(Buffer.from(data));
          await new Promise<void>((resolve) => gunzip.write(block, () => resolve()));
          while (read.length < data.length) await turn();
          expect(read).toEqual(Buffer.from(data));
        }
        gunzip.destroy();
      }),
      { numRuns: numRuns / 10 },
    );
  });

  it('is stored in as many blocks as it takes', () => {
    const data = Buffer.alloc(200_000, 'a secret');
    expect(inflateRawSync(stored(data), { finishFlush: 2 })).toEqual(data);
    expect(stored(data).length).toBe(data.length + 4 * 5);
  });
});
