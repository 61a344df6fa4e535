import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { replicaOf, shared } from './registry.js';
import { createFakeTransport } from '../testing/fake-transport.js';

let host = 0;
const tick = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  // A new one each time: the registry is the page's, and goes on.
  vi.stubGlobal('document', { baseURI: `https://h${++host}/app/page` });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the registry', () => {
  it('has one connection for each absolute URL, and one replica for each source', async () => {
    const { transport, links } = createFakeTransport();
    const options = { transports: [transport] };
    const replica = replicaOf({ url: '/sync', ...options });
    const same = [
      '/sync',
      '../sync',
      `https://h${host}/sync`,
      { url: '/sync' },
      { url: '/sync', topic: '' },
      replica,
    ];
    same.forEach((source) => expect(replicaOf(source)).toBe(replica));
    expect(replicaOf({ url: '/sync', topic: 'b' })).not.toBe(replica);
    expect(replicaOf({ url: '/sync', topic: 'b' })).toBe(shared('/sync').replica('b'));
    same.forEach((source) => replicaOf(source).subscribe(() => {}));
    replicaOf({ url: '/sync', topic: 'b' }).subscribe(() => {});
    await tick();
    expect(links).toHaveLength(1);
    expect(links[0]?.attempt.open[1]).toEqual({ subscribe: [{}, { topic: 'b' }] });
  });

  it('does not share between identities or queries', () => {
    const syncs = [
      shared('/sync'),
      shared('/sync', { identity: 'ann' }),
      shared('/sync', { identity: 'bob' }),
      shared('/sync?ann'),
    ];
    expect(new Set(syncs).size).toBe(4);
    expect(shared('/sync', { identity: 'ann' })).toBe(syncs[1]);
  });

  it('seeds a replica that exists already', () => {
    const replica = replicaOf<string>('/sync');
    expect(replicaOf({ url: '/sync', initial: { id: 'a', version: 1, body: 'seed' } })).toBe(replica);
    expect(replica.get()).toBe('seed');
  });

  it('forgets a connection that was closed, once', () => {
    const first = shared('/sync');
    first.close();
    const second = shared('/sync');
    expect(second).not.toBe(first);
    first.close();
    expect(shared('/sync')).toBe(second);
    expect(second.status.get().state).toBe('idle');
    expect(first.status.get().state).toBe('closed');
  });

  it('calls `onClose` of the first user once, after it has forgotten the connection', () => {
    const onClose = vi.fn(() => expect(shared('/sync')).not.toBe(sync));
    const sync = shared('/sync', { onClose });
    shared('/sync').close();
    sync.close();
    expect(onClose).toHaveBeenCalledOnce();
    expect(onClose).toHaveReturned();
  });

  it('calls the newest `auth`, `headers` and `onClose` that its users gave', async () => {
    const { transport, links, last } = createFakeTransport();
    const calls: string[] = [];
    const source = (user: number) => ({
      url: '/newest',
      transports: [transport],
      auth: () => `token-${user}`,
      headers: () => ({ user: `${user}` }),
      onClose: () => calls.push(`closed ${user}`),
    });
    const attempt = async () => {
      await vi.advanceTimersByTimeAsync(20_000);
      return [last().attempt.open[0], last().attempt.headers['user']];
    };
    replicaOf(source(1)).subscribe(() => {});
    expect(await attempt()).toEqual([{ open: { token: 'token-1' } }, '1']);
    replicaOf(source(2));
    shared('/newest').reconnect();
    expect(await attempt()).toEqual([{ open: { token: 'token-2' } }, '2']);
    replicaOf('/newest');
    replicaOf({ url: '/newest', topic: 'b' });
    expect(links.length).toBeGreaterThan(1);
    shared('/newest').close();
    expect(calls).toEqual(['closed 2']);
  });

  it('does not give functions of a component with a closed connection to the next connection', async () => {
    const { transport, last } = createFakeTransport();
    const source = (token: string) => ({ url: '/next', transports: [transport], auth: () => token });
    const component = {};
    replicaOf(source('former'), component);
    shared('/next').close();
    shared('/next', source('next'))
      .replica()
      .subscribe(() => {});
    expect(replicaOf(source('former'), component).status.get().state).toBe('closed');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(last().attempt.open[0]).toEqual({ open: { token: 'next' } });
  });

  it('ignores functions that the first user did not give', async () => {
    const { transport, last } = createFakeTransport();
    const onClose = vi.fn();
    replicaOf({ url: '/without', transports: [transport], headers: { a: '1' } }).subscribe(() => {});
    replicaOf({ url: '/without', auth: () => 'token', headers: () => ({ a: '2' }), onClose });
    await tick();
    expect(last().attempt).toMatchObject({ open: [{ open: {} }, {}], headers: { a: '1' } });
    shared('/without').close();
    expect(onClose).not.toHaveBeenCalled();
  });

  it('registers and opens nothing without a document', async () => {
    vi.unstubAllGlobals();
    const fetch = vi.fn();
    vi.stubGlobal('fetch', fetch);
    const replica = replicaOf({ url: '/sync', topic: 'b', initial: { id: 'a', version: 1, body: 'seed' } });
    expect([replica.topic, replica.get(), replica.getInitial()]).toEqual(['b', 'seed', 'seed']);
    expect(replica.status.get()).toMatchObject({ state: 'idle', stale: true, attempt: 0 });
    const other = replicaOf({ url: '/sync', topic: 'b' });
    expect(other).not.toBe(replica);
    expect(other.get()).toBeUndefined();
    other.subscribe(() => {});
    await vi.advanceTimersByTimeAsync(10_000);
    expect(fetch).not.toHaveBeenCalled();
  });
});
