import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { replicaOf, shared } from '../connect/registry.js';
import { createFakeTransport } from '../testing/fake-transport.js';
import { createConnection } from './connection.js';

/** How often functions of the core were called while `run` ran, as V8 counts them. */
async function countCalls(run: () => Promise<void>): Promise<number> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await run();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  const own = result.filter(({ url }) =>
    /core\/src\/(connection|replicas|reactive)\/[^/]*(?<!test)\.ts/.test(url),
  );
  expect(own.length).toBeGreaterThan(5);
  return own
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges[0]?.count ?? 0))
    .reduce((sum, count) => sum + count, 0);
}

/** Subscribes topics, opens the link, answers each topic, loses the link and opens the next one. */
async function live(count: number): Promise<void> {
  const { transport, last, links } = createFakeTransport();
  const sync = createConnection({ url: 'http://h/', transports: [transport], retry: { delay: () => 0 } });
  const topics = Array.from({ length: count }, (_, index) => `t${index}`);
  for (const topic of topics) sync.replica(topic).subscribe(() => {});
  for (let link = 1; link < 3; link++) {
    await vi.waitFor(() => expect(links).toHaveLength(link));
    last().hello();
    last().say(...topics.map((topic) => ({ topic, id: 'a', version: 1, body: 0 })));
    expect(sync.status.get()).toMatchObject({ state: 'open', stale: false });
    last().lose();
  }
  sync.close();
}

it('a connection visits each of its topics a constant number of times', async () => {
  await live(10);
  const few = await countCalls(() => live(250));
  const many = await countCalls(() => live(1_000));
  expect(many / few).toBeLessThan(4.4);
}, 60_000);

/** Collects garbage, as if the flag `--expose-gc` were set. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Resolves when these are collected, all but one or two that a register of the interpreter may still hold. */
async function gone(refs: readonly WeakRef<object>[]): Promise<void> {
  await vi.waitFor(
    () => {
      collect();
      expect(refs.filter((ref) => ref.deref()).length).toBeLessThan(3);
    },
    { timeout: 20_000, interval: 50 },
  );
}

it('topics that were shown once are forgotten after their linger; those in use stay', async () => {
  vi.useFakeTimers();
  const { transport, last } = createFakeTransport();
  const sync = createConnection({ url: 'http://h/', transports: [transport] });
  sync.replica('stays').subscribe(() => {});
  const kept = new WeakRef(sync.replica('stays'));
  await vi.advanceTimersByTimeAsync(0);
  last().hello();
  const refs = Array.from({ length: 300 }, (_, index) => {
    const topic = `once ${index}`;
    const replica = sync.replica(topic);
    const leave = replica.subscribe(() => {});
    last().say({ topic, id: 'a', version: 1, body: 'x'.repeat(1_000) });
    leave();
    return new WeakRef(replica);
  });
  await vi.advanceTimersByTimeAsync(1_000);
  vi.useRealTimers();
  last().sent.length = 0;
  await gone(refs);
  expect(kept.deref()).toBe(sync.replica('stays'));
  sync.close();
}, 60_000);

it('shared connections that nothing uses are forgotten, but not their options; those in use stay', async () => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { baseURI: 'http://h/' });
  const { transport, links } = createFakeTransport();
  const open = (index: number) => replicaOf({ url: `/${index}`, transports: [transport] });
  const leaves = Array.from({ length: 100 }, (_, index) => open(index).subscribe(() => {}));
  await vi.advanceTimersByTimeAsync(0);
  expect(links).toHaveLength(100);
  const refs = leaves.map((_, index) => new WeakRef(open(index)));
  collect();
  for (const [index, ref] of refs.entries()) expect(ref.deref()).toBe(open(index));
  for (const leave of leaves.splice(1)) leave();
  await vi.advanceTimersByTimeAsync(1_000);
  links.length = 0;
  vi.useRealTimers();
  await gone(refs.slice(1));
  expect(refs[0]?.deref()).toBe(open(0));
  const forgotten = refs.findLastIndex((ref) => !ref.deref());
  replicaOf(`/${forgotten}`).subscribe(() => {});
  await vi.waitFor(() => expect(links.at(-1)?.attempt.url).toBe(`http://h/${forgotten}`));
  for (const index of refs.keys()) shared(`/${index}`).close();
  vi.unstubAllGlobals();
}, 60_000);

it('a connection that the application has asked for stays, with its options and listeners, until it is closed', async () => {
  vi.stubGlobal('document', { baseURI: 'http://h/' });
  const { transport, last } = createFakeTransport();
  const onStatus = vi.fn();
  const set = (url: string) => {
    shared(url, { transports: [transport] }).status.subscribe(onStatus);
    return new WeakRef(shared(url));
  };
  const [stays, leaves] = [set('/stays'), set('/leaves')];
  collect();
  await new Promise(setImmediate); // a dereferenced value is kept until the end of its task
  collect();
  expect(stays.deref()).toBe(shared('/stays'));
  const leave = replicaOf('/stays').subscribe(() => {});
  await vi.waitFor(() => expect(last().attempt.url).toBe('http://h/stays'));
  expect(onStatus).toHaveBeenCalled();
  leave();
  for (const url of ['/stays', '/leaves']) shared(url).close();
  await gone([stays, leaves, leaves]);
  vi.unstubAllGlobals();
}, 60_000);
