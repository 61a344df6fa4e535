import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../connect/connect.js';
import { isVeloxError } from '../protocol/error.js';
import type { ServerFrame } from '../protocol/frames.js';
import { createFakeTransport } from '../testing/fake-transport.js';
import { version2 } from './version-2.js';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const tick = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const PING = { ping: true } as const;

/** A connection with the default topic, over a decorated fake, to a server that says `frames`. */
async function setUp(...frames: object[]) {
  const { transport, last, links } = createFakeTransport({ name: 'sse' });
  const sync = connect('http://h/sync', { transports: [version2(transport)] });
  const replica = sync.replica();
  replica.subscribe(() => {});
  await tick();
  const say = async (...more: object[]): Promise<void> => {
    last().say(...(more as ServerFrame[]));
    await tick(200);
  };
  if (frames.length) await say(...frames);
  return { sync, replica, last, links, say };
}

const FIRST = { id: 'a', version: 1, body: { n: 1, list: [1], in: { x: 1 } } };
const delta = (version: number, body: object): object => ({ delta: true, version, body });

describe('a server of version 3', () => {
  it('is asked again for its session after a refusal with a code, or a failure of a proxy', async () => {
    const { sync, last } = await setUp();
    last().hello();
    for (const reason of [
      { code: 'refused', message: '502: Bad Gateway' },
      { code: 'unavailable', message: '503: later' },
    ]) {
      last().lose(reason);
      await tick(5_000);
      expect(last().sent[0]).toMatchObject({ open: { session: 's1' } });
    }
    sync.close();
  });

  it('is served as without the decorator: frames pass both ways', async () => {
    const { sync, replica, last } = await setUp();
    last().hello();
    last().say({ id: 'a', version: 1, body: 'a text' });
    await tick(200);
    expect(replica.get()).toBe('a text');
    sync.emit('chat', 1);
    expect(last().sent.at(-1)).toEqual({ event: 'chat', data: 1, seq: 1 });
    expect(sync.status.get()).toMatchObject({ state: 'open', protocol: 3 });
    sync.close();
    expect(last().closed).toBe(true);
  });

  it('passes on its refusal before hello', async () => {
    const { sync } = await setUp({ bye: { code: 'forbidden', reason: 'no' } });
    expect(sync.status.get()).toMatchObject({ state: 'closed', reason: { code: 'forbidden' } });
  });

  it('gets the subscriptions that a former server of version 2 could not serve', async () => {
    const { sync, last } = await setUp(PING, FIRST);
    sync.replica('other').subscribe(() => {});
    await tick();
    last().lose();
    await tick(200);
    expect(last().sent).toEqual([{ open: {} }, { subscribe: [{ id: 'a', version: 1 }] }]);
    last().hello();
    await tick();
    expect(last().sent.slice(2)).toEqual([{ subscribe: [{ topic: 'other' }] }]);
    sync.close();
  });
});

describe('a server of version 2', () => {
  it.each(['404: Not Found', '405: Method Not Allowed'])(
    'is reached after one of version 3, whose session it answers by "%s", since it takes no POST',
    async (message) => {
      const { sync, replica, last, say } = await setUp();
      last().hello();
      await say({ id: 'new', version: 4, body: {} });
      last().lose();
      await tick(200);
      expect(last().sent[0]).toEqual({ open: { session: 's1' } });
      last().lose({ code: 'refused', message });
      await tick(1_000);
      expect(last().sent).toEqual([{ open: {} }, { subscribe: [{}] }]);
      await say(PING, FIRST);
      expect(replica.get()).toEqual(FIRST.body);
      sync.close();
    },
  );

  it('is open with protocol 2 after its first message, and its merge patches become operations', async () => {
    const { sync, replica, say } = await setUp(PING, FIRST);
    expect(sync.status.get()).toMatchObject({ state: 'open', protocol: 2, stale: false });
    const before = replica.get() as { list: unknown };
    const frames: unknown[] = [];
    sync.onFrame((frame) => frames.push(frame));
    await say(delta(2, { n: null, in: { x: 2, y: { z: null } }, 'a/~': [1] }));
    expect(replica.get()).toEqual({ list: [1], in: { x: 2, y: { z: null } }, 'a/~': [1] });
    expect((replica.get() as { list: unknown }).list).toBe(before.list);
    expect(frames).toEqual([
      {
        version: 2,
        delta: true,
        body: [
          { op: 'remove', path: '/n' },
          { op: 'add', path: '/in/x', value: 2 },
          { op: 'add', path: '/in/y', value: { z: null } },
          { op: 'add', path: '/a~1~0', value: [1] },
        ],
      },
    ]);
    sync.close();
  });

  it('passes on the operations of an older tag', async () => {
    const { sync, replica, say } = await setUp(FIRST, PING);
    await say(delta(2, [{ op: 'replace', path: '/n', value: 2 }]));
    expect(replica.get()).toMatchObject({ n: 2 });
    sync.close();
  });

  it('may send a value again without effect; another value under the same version is shown', async () => {
    const { sync, replica, say } = await setUp(PING, FIRST);
    const shown = vi.fn();
    replica.subscribe(shown);
    await say({ version: 1, body: { in: { x: 1 }, list: [1], n: 1 } });
    expect(shown).not.toHaveBeenCalled();
    await say({ version: 1, body: { n: null } });
    expect(replica.get()).toEqual({ n: null });
    await say(delta(2, { n: 3 }), { version: 2, body: { n: 3 } });
    expect(replica.get()).toEqual({ n: 3 });
    sync.close();
  });

  it.each<[string, object[]]>([
    ['a gap', [delta(3, { n: 3 })]],
    ['a delta after a value without body', [{ version: 2 }, delta(3, { n: 3 })]],
    ['a delta of another state', [{ id: 'b', ...delta(2, { n: 3 }) }]],
    ['a delta with an unsafe key', [delta(2, { in: JSON.parse('{"__proto__":1}') as object })]],
    ['operations that do not fit', [delta(2, [{ op: 'remove', path: '/none' }])]],
    ['a patch that is no object', [{ delta: true, version: 2, body: 7 }]],
  ])('after %s it is reached again without a position', async (_, frames) => {
    const { sync, replica, last, links, say } = await setUp(PING, FIRST, ...frames);
    expect(links[0]?.closed).toBe(true);
    expect(links).toHaveLength(2);
    expect(last().sent).toEqual([{ open: {} }, { subscribe: [{}] }]);
    await say(PING, { id: 'a', version: 9, body: { n: 9 } });
    expect(replica.get()).toEqual({ n: 9 });
    expect(sync.status.get()).toMatchObject({ state: 'open', stale: false });
    sync.close();
  });

  it('is asked less and less often if it keeps sending steps that do not join on', async () => {
    const { sync, last, links } = await setUp();
    const begun = Date.now();
    while (Date.now() - begun < 60_000) {
      last().say(PING, delta(5, {}) as ServerFrame);
      await tick(100);
    }
    expect(links.length).toBeLessThan(20);
    expect(links.length).toBeGreaterThan(8);
    sync.close();
  });

  it('is resumed by position: a ping alone means that nothing has changed, a delta goes on', async () => {
    const { sync, replica, last, say } = await setUp(PING, FIRST);
    last().lose();
    await tick(200);
    expect(last().sent[1]).toEqual({ subscribe: [{ id: 'a', version: 1 }] });
    await say(PING);
    expect(sync.status.get()).toMatchObject({ state: 'open', stale: false });
    await say({ id: 'a', ...delta(2, { n: 2 }) });
    expect(replica.get()).toEqual({ ...FIRST.body, n: 2 });
    sync.close();
  });

  it('is reached again without the position of `initial` if its value may differ', async () => {
    const { transport, last, links } = createFakeTransport({ name: 'sse' });
    const sync = connect('http://h/sync', { transports: [version2(transport)] });
    sync.replica('', { id: 'a', version: 3, body: { n: 3 } }).subscribe(() => {});
    await tick();
    expect(last().sent[1]).toEqual({ subscribe: [{ id: 'a', version: 3 }] });
    last().say(PING);
    await tick(200);
    expect(links).toHaveLength(2);
    expect(last().sent[1]).toEqual({ subscribe: [{}] });
    sync.close();
  });

  it('denies other topics, now and later', async () => {
    const { sync, say } = await setUp();
    const early = sync.replica('early');
    early.subscribe(() => {});
    await tick();
    await say(PING, FIRST);
    const late = sync.replica('late');
    late.subscribe(() => {});
    await tick(200);
    for (const { status } of [early, late]) expect(status.get().reason).toMatchObject({ code: 'not-found' });
    sync.close();
  });

  it('takes no events: emit throws not-supported, and what waited for it is dropped', async () => {
    const { sync, say } = await setUp();
    sync.emit('early', 1);
    await say(PING, FIRST);
    expect(sync.dropped.get()).toBe(1);
    let error: unknown;
    try {
      sync.emit('late', 1);
    } catch (thrown) {
      error = thrown;
    }
    expect(isVeloxError(error, 'not-supported')).toBe(true);
    sync.close();
  });

  it('is given up after 45 s without a byte', async () => {
    const { sync, links, say } = await setUp(PING, FIRST);
    await tick(25_000);
    await say(PING);
    await tick(44_000);
    expect(links[0]?.closed).toBe(false);
    await tick(2_000);
    expect(links[0]?.closed).toBe(true);
    sync.close();
  });

  it('survives a probe only if it was heard since its last ping was due', async () => {
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    const { sync, links } = await setUp(PING, FIRST);
    await tick(20_000);
    page.dispatchEvent(new Event('online'));
    await tick(19_000);
    expect(links[0]?.closed).toBe(false);
    await tick(2_000);
    page.dispatchEvent(new Event('online'));
    await tick(6_000);
    expect(links[0]?.closed).toBe(true);
    sync.close();
    vi.unstubAllGlobals();
  });

  it('shows the value again to a replica that comes back', async () => {
    const { sync, replica, last } = await setUp(PING, FIRST);
    const hold = sync.on('nothing', () => {});
    last().say({ id: 'b', version: 1, body: { n: 'b' } });
    await tick(200);
    expect(replica.get()).toEqual({ n: 'b' });
    hold();
    sync.close();
  });
});

it('over a WebSocket, the text ping is sent immediately and every 25 s, until the link ends', async () => {
  const sent: string[] = [];
  const { transport, last } = createFakeTransport({ name: 'websocket' });
  const spy = Object.defineProperty(
    (...given: Parameters<typeof transport>) => {
      const link = transport(...given);
      return { ...link, send: (text: string) => void sent.push(text) };
    },
    'name',
    { value: 'websocket' },
  );
  const sync = connect('http://h/sync', { transports: [version2(spy)] });
  sync.replica().subscribe(() => {});
  await tick();
  for (let at = 0; at < 3; at++) {
    last().say(PING);
    await tick(25_000);
  }
  expect(sent).toEqual(['ping', 'ping', 'ping', 'ping']);
  sync.close();
  await tick(60_000);
  expect(sent).toHaveLength(4);
  expect(vi.getTimerCount()).toBe(0);
});

it('connect alone says which entry reaches a server of version 2', async () => {
  const { transport, last } = createFakeTransport();
  const sync = connect('http://h/sync', { transports: [transport] });
  sync.replica().subscribe(() => {});
  await tick();
  last().head();
  last().say(PING);
  const { reason, state } = sync.status.get();
  expect(state).toBe('waiting');
  expect(reason).toMatchObject({ code: 'unsupported-version' });
  expect(reason?.message).toContain('@velox/core/version2');
  sync.close();
});

it('version2() returns undefined for a transport that is not available', () => {
  expect(version2(undefined)).toBeUndefined();
});
