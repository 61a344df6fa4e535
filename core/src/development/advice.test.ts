import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { replicaOf, shared } from '../connect/registry.js';
import { createKeep, createSelection } from '../reactive/select.js';
import { shallow } from '../reactive/shallow.js';
import { createFakeTransport } from '../testing/fake-transport.js';
import { polling, sse } from '../transports/requests.js';
import { freezeValue } from './freeze.js';

const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
const advice = (): string[] => warn.mock.calls.map(([text]) => text as string);

let host = 0;
beforeEach(() => {
  warn.mockClear();
  // A new one each time: the registry belongs to the page, and each piece of advice is given once.
  vi.stubGlobal('document', { baseURI: `http://advice${++host}/app/page` });
});
afterEach(() => vi.unstubAllGlobals());

/** Values as a replica shows them: frozen, and a fresh one for each change. */
function* values(count: number) {
  for (let n = 0; n < count; n++) {
    const value = { n, title: 'same', rows: [{ n }] };
    freezeValue(value);
    yield value;
  }
}
type Value = { readonly n: number; readonly title: string; readonly rows: readonly { n: number }[] };

describe('a selector that returns a fresh object', () => {
  /** The two ways in which adapters select. */
  const ways = {
    createSelection(
      select: (value: Value) => unknown,
      equal: (a: unknown, b: unknown) => boolean = Object.is,
    ) {
      const selection = createSelection<Value, unknown>();
      return (value: Value) => selection(value, select, equal);
    },
    createKeep(select: (value: Value) => unknown, equal: (a: unknown, b: unknown) => boolean = Object.is) {
      const keep = createKeep<unknown>(equal);
      return (value: Value) => keep(select(value), value);
    },
  };

  it.each(Object.entries(ways))('is named after ten runs in a row, once: %s', (name, way) => {
    const select = way((value) => ({ [`title of ${name}`]: value.title }));
    for (const value of values(9)) select(value);
    expect(advice()).toEqual([]);
    for (const value of values(30)) select(value);
    expect(advice()).toEqual([
      expect.stringContaining(`returned a fresh object (title of ${name}) 10 times`),
    ]);
    expect(advice()[0]).toContain('`shallow`');
  });

  it.each<[string, (value: Value) => unknown, ((a: unknown, b: unknown) => boolean)?]>([
    ['the value', (value) => value],
    ['a part of the value', (value) => value.rows],
    ['a primitive', (value) => value.rows.length],
    ['a fresh object that `shallow` compares', (value) => ({ title: value.title }), shallow],
    ['a fresh object now and then', (value) => (value.n % 9 ? { title: value.title } : value.title)],
  ])('does not include a selector of %s', (_, select, equal) => {
    for (const way of Object.values(ways)) {
      const run = way(select, equal);
      for (const value of values(100)) run(value);
    }
    expect(advice()).toEqual([]);
  });

  it('does not include a selector that runs before there is a value', () => {
    const keep = createKeep<unknown>(Object.is);
    for (let run = 0; run < 20; run++) keep([], undefined);
    expect(advice()).toEqual([]);
  });
});

describe('options of a shared connection', () => {
  const { transport } = createFakeTransport();

  it('are named once if they are ignored', () => {
    shared('/sync', { transports: [transport] });
    for (let n = 0; n < 3; n++) shared('/sync', { auth: () => 'token', credentials: 'omit' });
    expect(advice()).toEqual([
      `velox: the connection to advice${host}/sync is shared, and its first user gave other options. Ignored here: ` +
        '"auth", "credentials". Give the same options everywhere, or an `identity` of its own.',
    ]);
    shared('/sync').close();
  });

  it('cause no warning if they are the same, written inline', () => {
    const source = () => ({
      url: '/sync',
      transports: [transport],
      auth: () => 'token',
      headers: { a: '1' },
      retry: { maxAttempts: 3 },
      transport: undefined,
    });
    const first = replicaOf(source());
    for (const each of [source(), '/sync', { url: '/sync', topic: 'b' }]) replicaOf(each);
    expect(advice()).toEqual([]);
    expect(replicaOf('/sync')).toBe(first);
    shared('/sync').close();
  });

  it('do not show the password of a URL', () => {
    const url = `http://ann:secret@advice${host}/sync`;
    shared(url, { transports: [transport] });
    shared(url, { transports: [transport], authHeader: 'x-token' });
    expect(advice()).toEqual([expect.stringContaining(`advice${host}/sync`)]);
    expect(advice()[0]).not.toMatch(/ann|secret/);
    shared(url).close();
  });
});

describe('event streams of one page', () => {
  const events = { onOpen() {}, onByte() {}, onFrame() {}, onClose() {} };
  /** Opens links whose requests wait for ever. */
  function openLinks(url: string, count: number): { close: () => void }[] {
    vi.stubGlobal('fetch', () => new Promise(() => {}));
    return Array.from({ length: count }, (_, n) =>
      (n % 2 ? polling() : sse())({ url, headers: {}, open: [{ open: {} }] }, events),
    );
  }

  it('are counted while they are open, and the sixth over HTTP/1.1 causes one warning', () => {
    const url = `http://advice${host}:8080/sync`;
    for (const link of openLinks(url, 5)) link.close();
    const links = openLinks(url, 5);
    expect(advice()).toEqual([]);
    links.push(...openLinks(url, 3));
    expect(advice()).toEqual([
      expect.stringContaining(`this page has 6 event streams to advice${host}:8080`),
    ]);
    for (const link of links) link.close();
  });

  it('may be many over TLS to another host, whose version the browser does not tell', () => {
    for (const link of openLinks(`https://other${host}/sync`, 8)) link.close();
    expect(advice()).toEqual([]);
  });

  it('are limited over TLS, too, if the page itself came by HTTP/1.1', () => {
    vi.stubGlobal('location', { host: `advice${host}` });
    const entries = vi.spyOn(performance, 'getEntriesByType');
    entries.mockReturnValue([{ nextHopProtocol: 'h2' }] as never);
    for (const link of openLinks(`https://advice${host}/sync`, 8)) link.close();
    expect(advice()).toEqual([]);
    entries.mockReturnValue([{ nextHopProtocol: 'http/1.1' }] as never);
    for (const link of openLinks(`https://advice${host}/sync`, 8)) link.close();
    expect(advice()).toHaveLength(1);
    entries.mockRestore();
  });
});

describe('a URL where another program answers', () => {
  it('is named, once', async () => {
    vi.useFakeTimers();
    const { transport, last, links } = createFakeTransport();
    const sync = shared('/page', { transports: [transport] });
    sync.replica().subscribe(() => {});
    for (let n = 1; n < 4; n++) {
      await vi.advanceTimersByTimeAsync(1_000);
      last().lose({ code: 'not-velox', message: `200, text/html from http://advice${host}/page` });
    }
    expect(links.length).toBeGreaterThan(2);
    expect(advice()).toEqual([`velox: not-velox: 200, text/html from http://advice${host}/page`]);
    sync.close();
    vi.useRealTimers();
  });
});
