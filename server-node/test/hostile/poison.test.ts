/** An event that a client cannot take ends its links, but not for ever: it is dropped, counted and logged. */
import { expect, it, onTestFinished } from 'vitest';
import type { LogEntry } from '../../src/index.js';
import { createTestSync } from '../../src/testing/index.js';

/** More levels than a client takes. */
const DEEP: unknown = JSON.parse('['.repeat(2_100) + ']'.repeat(2_100));

it.each(['websocket', 'sse', 'polling'] as const)(
  'an event that the client refuses twice is dropped over %s, and the next one arrives',
  async (transport) => {
    const entries: LogEntry[] = [];
    const test = await createTestSync({ logger: (entry) => void entries.push(entry) });
    onTestFinished(() => test.close());
    const sync = test.connect({ transport });
    const heard: unknown[] = [];
    sync.on('e', (data) => heard.push(data));
    sync.emit('hello', null);
    await test.advance(2_000);
    for (const data of [1, DEEP, 2]) test.hub.emit('e', data);
    await test.advance(60_000);
    expect(heard).toEqual([1, 2]);
    const refused = entries.filter(({ event }) => event === 'event refused twice');
    expect(refused).toMatchObject([{ level: 'warn', begins: expect.stringContaining('"e"') as string }]);
    expect(sync.dropped.get()).toBe(1);
    test.hub.emit('e', 3);
    await test.advance(2_000);
    expect(heard).toEqual([1, 2, 3]);
  },
);

it.each(
  [undefined, null, 7, Symbol('x'), 'a\nb', '\ud83c', 'x'.repeat(1_001)].map(
    (name) => [typeof name === 'string' ? JSON.stringify(name).slice(0, 9) : String(name), name] as const,
  ),
)(
  'an event of the name %s is refused at the door on both sides, and the next one arrives',
  async (_, name) => {
    const test = await createTestSync();
    onTestFinished(() => test.close());
    const sync = test.connect();
    const heard: unknown[] = [];
    sync.on('e', (data) => heard.push(data));
    test.hub.on('e', (_, data) => heard.push(data));
    sync.emit('e', 1);
    await test.advance(2_000);
    const bad = name as string;
    expect(() => test.hub.emit(bad, 1)).toThrow(expect.objectContaining({ code: 'bad-option' }) as Error);
    expect(() => test.hub.volatile.emit(bad, 1)).toThrow(
      expect.objectContaining({ code: 'bad-option' }) as Error,
    );
    expect(() => sync.emit(bad, 1)).toThrow(expect.objectContaining({ code: 'bad-option' }) as Error);
    test.hub.emit('e', 2);
    sync.emit('e', 3);
    await test.advance(2_000);
    expect(heard.sort()).toEqual([1, 2, 3]);
    expect(test.hub.stats().sessions).toBe(1);
  },
);
