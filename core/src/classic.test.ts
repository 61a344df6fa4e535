import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import velox, { type ClassicOptions } from './classic.js';
import { isVeloxError } from './protocol/error.js';
import { createFakeTransport } from './testing/fake-transport.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const url = 'http://h/sync';
const tick = (ms = 100) => vi.advanceTimersByTimeAsync(ms);

function setUp<T extends object>(obj: T, options?: ClassicOptions) {
  const { transport, last, links } = createFakeTransport();
  const live = velox(url, obj, { transports: [transport], ...options });
  const calls: unknown[] = [];
  live.onupdate = (obj) => calls.push(`update ${JSON.stringify(obj)}`);
  live.onconnect = () => calls.push('connect');
  live.ondisconnect = () => calls.push('disconnect');
  live.onchange = (connected) => calls.push(`change ${connected}`);
  live.onerror = (error) => calls.push(error);
  return { live, last, links, calls };
}

describe('velox(url, obj)', () => {
  it('keeps the object live in place, $ keys left alone, and says so', async () => {
    const rows: { id: number }[] = [];
    const obj = { old: 1, rows, $mine: true };
    const { live, last, calls } = setUp(obj);
    await tick(0);
    expect(live.connected).toBe(false);
    last().hello();
    last().say({ id: 'a', version: 7, body: { rows: [{ id: 1 }] } });
    await tick();
    expect(live).toMatchObject({ connected: true, url, id: 'a', version: 7 });
    const [row] = rows;
    last().say({ version: 8, delta: true, body: [{ op: 'add', path: '/rows/0', value: { id: 2 } }] });
    await tick();
    expect(live.obj).toBe(obj);
    expect(obj).toEqual({ rows: [{ id: 2 }, { id: 1 }], $mine: true });
    expect(rows[1]).toBe(row);
    expect(live.version).toBe(8);
    expect(calls).toEqual([
      'change true',
      'connect',
      'update {"rows":[{"id":1}],"$mine":true}',
      'update {"rows":[{"id":2},{"id":1}],"$mine":true}',
    ]);
  });

  it('calls $apply of the object, before onupdate', async () => {
    const $apply = vi.fn(function (this: { n?: number }) {
      expect(this.n).toBe(1);
    });
    const { live, last } = setUp({ $apply });
    const onupdate = (live.onupdate = vi.fn());
    await tick(0);
    last().hello();
    last().say({ id: 'a', version: 1, body: { n: 1 } });
    await tick();
    expect($apply).toHaveBeenCalledOnce();
    expect(onupdate).toHaveBeenCalledExactlyOnceWith({ n: 1, $apply });
    expect($apply).toHaveBeenCalledBefore(onupdate);
  });

  it('tells once when it is connected no more, with the error, and comes back by itself', async () => {
    const { last, links, calls } = setUp({});
    await tick(0);
    last().hello();
    calls.length = 0;
    last().lose({ code: 'lost', message: 'gone' });
    const [error, ...others] = calls;
    expect(isVeloxError(error, 'lost' as never)).toBe(true);
    expect(others).toEqual(['change false', 'disconnect']);
    await tick(5_000);
    expect(links.length).toBeGreaterThan(1);
    last().hello();
    expect(calls.slice(-2)).toEqual(['change true', 'connect']);
  });

  it('ends with disconnect(), goes on with connect(), and hurries with retry()', async () => {
    const { live, last, links, calls } = setUp({});
    await tick(0);
    last().hello();
    live.connect();
    live.disconnect();
    live.disconnect();
    expect(last().closed).toBe(true);
    expect(live.connected).toBe(false);
    expect(calls.slice(-2)).toEqual(['change false', 'disconnect']);
    await tick(60_000);
    expect(links).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    live.connect();
    await tick(0);
    expect(links).toHaveLength(2);
    live.retry();
    await tick(0);
    expect(links).toHaveLength(3);
    expect(links.map(({ closed }) => closed)).toEqual([true, true, false]);
    live.disconnect();
  });

  it('takes another topic', async () => {
    const { live, last } = setUp({}, { topic: 'b' });
    await tick(0);
    last().hello();
    last().say({ id: 'a', version: 3, body: { n: 1 }, topic: 'b' }, { id: 'x', version: 9, body: {} });
    await tick();
    expect(live).toMatchObject({ id: 'a', version: 3, obj: { n: 1 } });
    live.disconnect();
  });

  it('forces a transport by velox.ws and velox.sse', async () => {
    const [websocket, sse] = [
      createFakeTransport({ name: 'websocket' }),
      createFakeTransport({ name: 'sse' }),
    ];
    const transports = [websocket.transport, sse.transport];
    const lives = [velox.ws(url, {}, { transports }), velox.sse(url, {}, { transports })];
    await tick(0);
    expect([websocket.links.length, sse.links.length]).toEqual([1, 1]);
    lives.forEach(({ disconnect }) => disconnect());
  });

  it('refuses a target that is no object, and a URL that is none', () => {
    expect(() => velox(url, null as never)).toThrow(TypeError);
    expect(() => velox('http://', {})).toThrow(expect.objectContaining({ code: 'bad-url' }));
  });
});
