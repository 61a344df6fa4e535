import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import velox, { type ClassicOptions } from './classic.js';
import { isVeloxError } from './protocol/error.js';
import { createFakeTransport } from './testing/fake-transport.js';
import { version2 } from './transports/version-2.js';

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

  it('reports a lost connection once, with the error, and reconnects automatically', async () => {
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

  it('follows another topic than the default one', async () => {
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

  it('refuses a target that is no object, and an invalid URL', () => {
    expect(() => velox(url, null as never)).toThrow(TypeError);
    expect(() => velox('http://', {})).toThrow(expect.objectContaining({ code: 'bad-url' }));
  });
});

describe('ondisconnect with a parameter', () => {
  it('disables automatic retries, is called for each failure, and resumes by calling retry', async () => {
    const { live, last, links } = setUp({ n: 0 });
    const calls: string[] = [];
    let retry: (() => void) | undefined;
    live.onchange = (connected) => calls.push(`change ${connected}`);
    live.onconnect = () => calls.push('connect');
    live.ondisconnect = (given: () => void) => {
      calls.push('disconnect');
      retry = given;
    };
    await tick(0);
    last().lose(); // also a first attempt
    await tick(60_000);
    expect(links).toHaveLength(1);
    expect(calls).toEqual(['disconnect']);
    expect(vi.getTimerCount()).toBe(0);
    retry?.();
    await tick(0);
    last().hello();
    last().say({ id: 'a', version: 4, body: { n: 4 } });
    await tick();
    last().lose();
    expect(calls).toEqual(['disconnect', 'change true', 'connect', 'change false', 'disconnect']);
    await tick(60_000);
    expect(links).toHaveLength(2);
    retry?.();
    retry?.();
    await tick(0);
    expect(links).toHaveLength(3);
    expect(last().sent[1]).toEqual({ subscribe: [{ id: 'a', version: 4 }] });
    last().hello();
    last().say({ version: 5, delta: true, body: [{ op: 'replace', path: '/n', value: 5 }] });
    await tick();
    expect(live).toMatchObject({ connected: true, version: 5, obj: { n: 5 } });
    live.disconnect();
  });

  it('is called while the browser is offline, too', async () => {
    vi.stubGlobal('navigator', { onLine: false });
    const { live, last } = setUp({});
    const ondisconnect = vi.fn();
    live.ondisconnect = (retry) => ondisconnect(retry);
    await tick(0);
    last().lose();
    expect(ondisconnect).toHaveBeenCalledOnce();
    await tick(60_000);
    expect(ondisconnect).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
  });
});

it('inside of onupdate, version and id are those of the object', async () => {
  const { live, last } = setUp<{ n?: number }>({});
  const seen: unknown[] = [];
  live.onupdate = ({ n }) => seen.push([n, live.id, live.version]);
  await tick(0);
  last().hello();
  last().say({ id: 'a', version: 1, body: { n: 1 } });
  await tick();
  last().say({ version: 2, delta: true, body: [{ op: 'replace', path: '/n', value: 2 }] });
  await tick();
  expect(seen).toEqual([
    [1, 'a', 1],
    [2, 'a', 2],
  ]);
  live.disconnect();
});

it.each([[null], [[1]], ['text']])(
  'keeps the object of the page live after the value was %j',
  async (other) => {
    const obj: { n?: number } = {};
    const { live, last } = setUp(obj);
    await tick(0);
    last().hello();
    last().say({ id: 'a', version: 1, body: other });
    await tick();
    expect(live.obj).toEqual(other);
    last().say({ id: 'a', version: 2, body: { n: 2 } });
    await tick();
    expect(obj).toEqual({ n: 2 });
    expect(live.obj).toBe(obj);
    live.disconnect();
  },
);

it('keeps a list live in place, and an object that the page put in place of the first one', async () => {
  const { live, last } = setUp<object>({});
  await tick(0);
  last().hello();
  last().say({ id: 'a', version: 1, body: [1] });
  await tick();
  const list = live.obj;
  last().say({ version: 2, delta: true, body: [{ op: 'add', path: '/-', value: 2 }] });
  await tick();
  expect(live.obj).toBe(list);
  const other: object = {};
  Object.assign(live, { obj: other });
  last().say({ id: 'a', version: 3, body: { n: 3 } });
  await tick();
  expect(other).toEqual({ n: 3 });
  live.disconnect();
});

describe('a callback that throws is reported, and', () => {
  const reported = vi.fn();
  beforeEach(() => {
    reported.mockReset();
    vi.stubGlobal('reportError', reported);
  });
  afterEach(() => void vi.unstubAllGlobals());
  const fail = (): never => {
    throw new Error('of the page');
  };

  it('the other ones are called: onchange, $apply and ondisconnect', async () => {
    const { live, last, calls } = setUp({ $apply: fail });
    live.onchange = fail;
    const done = vi.fn();
    void live.wait().then(done);
    await tick(0);
    last().hello();
    last().say({ id: 'a', version: 1, body: { n: 1 } });
    await tick();
    expect(calls).toEqual(['connect', 'update {"n":1}']);
    live.ondisconnect = fail;
    live.disconnect();
    await tick(0);
    expect(done).toHaveBeenCalledOnce();
    expect(reported).toHaveBeenCalledTimes(4);
  });

  it('onupdate is called for the next value', async () => {
    const { live, last } = setUp<{ n?: number }>({});
    const seen: unknown[] = [];
    live.onupdate = ({ n }) => {
      seen.push(n);
      fail();
    };
    await tick(0);
    last().hello();
    for (const n of [1, 2]) {
      last().say({ id: 'a', version: n, body: { n } });
      await tick();
    }
    expect(seen).toEqual([1, 2]);
    expect(reported).toHaveBeenCalledTimes(2);
    live.disconnect();
  });

  it('an ondisconnect with a parameter still disables automatic retries', async () => {
    const { live, last, links } = setUp({});
    live.ondisconnect = (retry) => (expect(retry).toBe(live.retry), fail());
    await tick(0);
    last().hello();
    last().lose();
    await tick(60_000);
    expect(links).toHaveLength(1);
    expect(reported).toHaveBeenCalledOnce();
  });
});

it('calls no onconnect after an onchange that disconnected', async () => {
  const { live, last, calls } = setUp({});
  live.onchange = (connected) => {
    calls.push(`change ${connected}`);
    if (connected) live.disconnect();
  };
  await tick(0);
  last().hello();
  await tick();
  expect(calls).toEqual(['change true', 'change false', 'disconnect']);
});

it('connects again from the position of its object, if a later frame was refused', async () => {
  const { live, last } = setUp<{ n?: number }>({});
  await tick(0);
  last().hello();
  last().say({ id: 'a', version: 4, body: { n: 4 } });
  await tick();
  last().say(
    { version: 5, delta: true, body: [{ op: 'replace', path: '/n', value: 5 }] },
    { version: 9, delta: true, body: [{ op: 'replace', path: '/n', value: 9 }] },
    { id: 'a', version: 3, body: { n: 3 } },
  );
  await tick();
  expect(live).toMatchObject({ obj: { n: 5 }, version: 5 });
  live.disconnect();
  live.connect();
  await tick(0);
  expect(last().sent[1]).toEqual({ subscribe: [{ id: 'a', version: 5 }] });
  live.disconnect();
});

it('onpatch hears the changes before they are in the object', async () => {
  const { live, last } = setUp<{ n?: number }>({});
  const calls: unknown[] = [];
  live.onpatch = (patches) => calls.push([live.obj.n, patches]);
  live.onupdate = () => calls.push('update');
  await tick(0);
  last().hello();
  last().say({ id: 'a', version: 1, body: { n: 1 } });
  await tick();
  last().say({ version: 2, delta: true, body: [{ op: 'replace', path: '/n', value: 2 }] });
  await tick();
  expect(calls.slice(2)).toEqual([[1, [{ op: 'replace', path: ['n'], value: 2 }]], 'update']);
  live.disconnect();
});

it('ws and sse say which transport is in use', async () => {
  const fakes = ['websocket', 'sse'].map((name) => createFakeTransport({ name }));
  const live = velox(url, {}, { transports: fakes.map(({ transport }) => transport) });
  await tick(0);
  expect(live).toMatchObject({ ws: true, sse: false });
  fakes[0]?.last().lose();
  await tick(0);
  expect(live).toMatchObject({ ws: false, sse: true });
  live.disconnect();
});

it('send gives data to the server as the event message, numbered, while there is a connection', async () => {
  const { live, last } = setUp({});
  expect(() => live.send('early')).toThrow('without a connection');
  await tick(0);
  last().hello();
  live.send({ a: 1 });
  live.send(undefined);
  expect(last().sent.slice(-2)).toEqual([
    { event: 'message', data: { a: 1 }, seq: 1 },
    { event: 'message', data: null, seq: 2 },
  ]);
  live.disconnect();
  expect(() => live.send('late')).toThrow('without a connection');
});

it('wait() resolves with disconnect()', async () => {
  const { live } = setUp({});
  const done = vi.fn();
  void live.wait().then(done);
  await tick();
  expect(done).not.toHaveBeenCalled();
  live.disconnect();
  await tick(0);
  expect(done).toHaveBeenCalledOnce();
});

it('retry: false ends it with the first failure', async () => {
  const { live, last, links } = setUp({}, { retry: false });
  await tick(0);
  last().lose();
  await tick(60_000);
  expect(links).toHaveLength(1);
  expect(live.connected).toBe(false);
});

it('connect() goes on after the server refused the client, and does nothing otherwise', async () => {
  const { live, last, links, calls } = setUp({});
  await tick(0);
  live.connect();
  expect(links).toHaveLength(1);
  last().say({ bye: { code: 'unauthorized', reason: 'no' } });
  await tick(60_000);
  expect(links).toHaveLength(1);
  live.connect();
  await tick(0);
  expect(links).toHaveLength(2);
  last().hello();
  live.connect();
  await tick();
  expect(links).toHaveLength(2);
  expect(calls.slice(1)).toEqual(['change true', 'connect']);
  live.disconnect();
});

it('name and password travel as a header, and in the URL of a WebSocket', async () => {
  const fakes = ['websocket', 'sse'].map((name) => createFakeTransport({ name }));
  const transports = fakes.map(({ transport }) => transport);
  const live = velox(url, {}, { transports, username: 'jürgen', password: 'a:b', headers: { x: 'y' } });
  await tick(0);
  expect(fakes[0]?.last().attempt.url).toBe('http://j%C3%BCrgen:a%3Ab@h/sync');
  fakes[0]?.last().lose();
  await tick(0);
  expect(fakes[1]?.last().attempt).toMatchObject({
    url: 'http://h/sync',
    headers: { authorization: `Basic ${Buffer.from('jürgen:a:b').toString('base64')}`, x: 'y' },
  });
  live.disconnect();
});

it('two objects do not disturb each other', async () => {
  const [one, two] = [setUp<{ n?: number }>({}), setUp<{ n?: number }>({})];
  await tick(0);
  for (const { last } of [one, two]) last().hello();
  one.last().say({ id: 'a', version: 1, body: { n: 1 } });
  two.last().say({ id: 'b', version: 7, body: { n: 7 } });
  await tick();
  one.live.disconnect();
  two.last().say({ version: 8, delta: true, body: [{ op: 'replace', path: '/n', value: 8 }] });
  await tick();
  expect(one.live).toMatchObject({ connected: false, version: 1, obj: { n: 1 } });
  expect(two.live).toMatchObject({ connected: true, version: 8, obj: { n: 8 } });
  two.live.disconnect();
});

it('reaches a server of version 2, which takes no data', async () => {
  const { transport, last } = createFakeTransport({ name: 'sse' });
  const live = velox<{ n?: number }>(url, {}, { transports: [version2(transport)] });
  await tick(0);
  last().say({ ping: true }, { id: 'a', version: 1, body: { n: 1 } });
  await tick();
  expect(live).toMatchObject({ connected: true, version: 1, obj: { n: 1 } });
  expect(() => live.send(1)).toThrow('version 2');
  live.disconnect();
});
