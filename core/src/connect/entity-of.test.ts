import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFakeTransport } from '../testing/fake-transport.js';
import { entityOf } from './entity-of.js';
import { replicaOf, shared } from './registry.js';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', {
    baseURI: 'http://h/',
    addEventListener: () => {},
    removeEventListener: () => {},
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('entityOf', () => {
  it('reads the topic of a row over the shared connection', async () => {
    const { transport, last } = createFakeTransport();
    const source = { url: 'http://h/rows', transports: [transport] };
    const replica = replicaOf(entityOf<{ n: number }>(source, 'items', 7));
    expect(replicaOf(entityOf(source, 'items', '7'))).toBe(replica);
    replica.subscribe(() => {});
    await vi.advanceTimersByTimeAsync(0);
    last().hello();
    expect(last().sent).toContainEqual({ subscribe: [{ topic: 'items/7' }] });
    shared('http://h/rows').close();
  });

  it.each([undefined, null])(
    'asks for nothing for the id %s, and is the same replica each time',
    async (id) => {
      const { transport, links } = createFakeTransport();
      const source = { url: 'http://h/none', transports: [transport] };
      const replica = replicaOf(entityOf(source, 'items', id));
      expect(replicaOf(entityOf('/other', 'users', undefined))).toBe(replica);
      const leave = replica.subscribe(() => {});
      await vi.advanceTimersByTimeAsync(5_000);
      expect(replica.get()).toBeUndefined();
      expect(links).toEqual([]);
      leave();
    },
  );

  it.each([Number.NaN, true, { id: 7 }, () => 7])(
    'refuses an id that is no string and no number: %s',
    (id) => {
      const refused = expect.objectContaining({ code: 'bad-option' });
      expect(() => entityOf('/sync', 'items', id as never)).toThrow(refused);
      expect(() => entityOf('/sync', 'items', id as never)).toThrow('the entity "items" got');
    },
  );

  it.each([{}, { url: undefined }, () => '/sync'])('refuses a source without a URL: %s', (source) => {
    const refused = expect.objectContaining({ code: 'bad-option' });
    expect(() => entityOf(source as never, 'items', 7)).toThrow(refused);
    expect(() => entityOf(source as never, 'items', 7)).toThrow('as the URL of its source');
  });
});
