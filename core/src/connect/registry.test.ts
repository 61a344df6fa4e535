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
