import { channel } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { interceptable, type Interceptable } from '../../../test/rig/log-calls.js';
import { memory } from '../../backplanes/memory/index.js';
import { createHub, type Hub } from '../../create-hub.js';
import type { LogEntry } from '../../diagnostics/observer.js';
import { SharedValue } from './shared-value.js';

interface Stock {
  count: number;
  names: string[];
}

const initial = (): Stock => ({ count: 10, names: [] });

let backplane: Interceptable;
let entries: LogEntry[];
const hubs: Hub[] = [];
const hub = (): Hub => {
  const created = createHub({ backplane, logger: (entry) => entries.push(entry) });
  hubs.push(created);
  return created;
};

beforeEach(() => {
  backplane = interceptable();
  entries = [];
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await Promise.all(hubs.splice(0).map((each) => each.close()));
});

const never = (): Promise<never> => new Promise(() => undefined);
const fail = (): Promise<never> => Promise.reject(new Error('the engine is down'));

describe('hub.shared()', () => {
  it('two hubs have one value, one epoch and the same versions', async () => {
    const east = hub().shared('stock', initial());
    const west = hub().shared('stock', { ...initial(), count: 99 });
    await west.snapshot();
    const position = await east.update((draft) => void (draft.count -= 1));
    expect(east.get().count).toBe(9);
    await west.reached(position);
    expect(west.get().count).toBe(9);
    const last = await west.update((draft) => void draft.names.push('west'));
    await east.reached(last);
    expect(await east.snapshot()).toEqual({ ...last, body: { count: 9, names: ['west'] } });
    expect(west.position()).toEqual(east.position());
    expect(last).toEqual({ id: position.id, version: position.version + 1 });
  });

  it('updates of one tick leave as one revision, and updates that wait for an append as another', async () => {
    const shared = hub().shared('stock', initial());
    await shared.snapshot();
    const before = backplane.calls.append;
    const first = Array.from({ length: 5 }, () => shared.update((draft) => void draft.count--));
    await Promise.resolve();
    const second = Array.from({ length: 5 }, () => shared.update((draft) => void draft.count--));
    const positions = await Promise.all([...first, ...second]);
    expect(positions.map(({ version }) => version)).toEqual([2, 2, 2, 2, 2, 3, 3, 3, 3, 3]);
    expect(backplane.calls.append - before).toBe(2);
    expect(shared.get().count).toBe(0);
  });

  it('20 writers on each of 4 nodes lose and double nothing', async () => {
    const nodes = Array.from({ length: 4 }, () => hub().shared('stock', initial()));
    const positions = await Promise.all(
      nodes.flatMap((node, n) =>
        Array.from({ length: 20 }, (_, w) =>
          node.update((draft) => {
            draft.count++;
            draft.names.push(`${n}.${w}`);
          }),
        ),
      ),
    );
    const last = positions.reduce((a, b) => (a.version > b.version ? a : b));
    await Promise.all(nodes.map((node) => node.reached(last)));
    for (const node of nodes) {
      expect(node.get().count).toBe(90);
      expect(new Set(node.get().names).size).toBe(80);
      expect(node.position()).toEqual(last);
    }
  });

  it('a recipe that throws rejects its own update alone', async () => {
    const shared = hub().shared('stock', initial());
    const results = await Promise.allSettled([
      shared.update((draft) => void draft.names.push('a')),
      shared.update((draft) => {
        draft.names.push('b');
        throw new RangeError('sold out');
      }),
      shared.update((draft) => void draft.names.push('c')),
      shared.update((() => Promise.resolve()) as unknown as (draft: Stock) => void),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    expect((results[1] as PromiseRejectedResult).reason).toEqual(new RangeError('sold out'));
    expect((results[3] as PromiseRejectedResult).reason).toMatchObject({ code: 'async-recipe' });
    expect(shared.get().names).toEqual(['a', 'c']);
  });

  it('set() keeps rows by their key', async () => {
    const shared = hub().shared('rows', {
      rows: [
        { id: 1, n: 'a'.repeat(99) },
        { id: 2, n: 'b'.repeat(99) },
      ],
    });
    await shared.snapshot();
    const patches: string[] = [];
    backplane.intercept.append = (genuine, topic, after, revisions, within) => {
      patches.push(...revisions.map(({ patch }) => patch));
      return genuine(topic, after, revisions, within);
    };
    await shared.set({
      rows: [
        { id: 2, n: 'b'.repeat(99) },
        { id: 1, n: 'a'.repeat(99) },
      ],
    });
    expect(patches).toHaveLength(1);
    expect(patches[0]).toContain('"move"');
    await shared.update(() => ({ rows: [] }));
    expect(shared.get()).toEqual({ rows: [] });
  });

  it('set() takes the value as it is at the call', async () => {
    const shared = hub().shared('stock', initial());
    const next = { count: 1, names: ['a', 'b'] };
    const isSet = shared.set(next);
    next.names.length = 0;
    await isSet;
    expect(shared.get()).toEqual({ count: 1, names: ['a', 'b'] });
    const both = { ...(shared.get() as Stock), count: 2 };
    const isUpdated = shared.update((draft) => void draft.names.push('c'));
    await Promise.all([isUpdated, shared.set(both)]);
    expect(shared.get()).toEqual({ count: 2, names: ['a', 'b'] });
  });

  it('set() rejects a value that is not JSON without asking the log', async () => {
    const zero: { n: unknown } = { n: 0 };
    const shared = hub().shared('n', zero);
    backplane.intercept.append = never;
    await expect(shared.set({ n: new Map() })).rejects.toMatchObject({ code: 'not-json' });
    let deep: unknown = 0;
    for (let level = 0; level < 501; level++) deep = [deep];
    await expect(shared.set({ n: deep })).rejects.toMatchObject({ code: 'too-deep' });
    expect(backplane.calls.append).toBe(0);
  });

  it('set() takes rows whose key is a method', async () => {
    class Row {
      readonly name = 'ann';
      key(): string {
        return this.name;
      }
    }
    const key = (row: object): string => (row as Row).key();
    const shared = hub().shared('rows', { rows: [] as Row[] }, { key });
    await shared.set({ rows: [new Row()] });
    await shared.set({ rows: [new Row(), new Row()] });
    expect(shared.get()).toEqual({ rows: [{ name: 'ann' }, { name: 'ann' }] });
  });

  it('an update without effect is compared with the log: on the newest value it may have one', async () => {
    const east = hub().shared('stock', initial());
    const west = hub().shared('stock', initial());
    await Promise.all([east.snapshot(), west.snapshot()]);
    await east.update((draft) => void (draft.count = 11));
    // west has not heard of it yet, and has 10
    const position = await west.update((draft) => void (draft.count = 10));
    expect(position.version).toBe(3);
    expect(west.get().count).toBe(10);
    expect(await west.update((draft) => void (draft.count = 10))).toEqual(position);
  });

  it('finds an update whose reply was lost, and does not apply it twice', async () => {
    const shared = hub().shared('stock', initial());
    await shared.snapshot();
    backplane.intercept.append = async (genuine, ...args) => {
      delete backplane.intercept.append;
      await genuine(...args);
      throw new Error('the reply is lost');
    };
    const position = await shared.update((draft) => void draft.count--);
    expect(position.version).toBe(2);
    expect(shared.get().count).toBe(9);
  });

  it('an update with a tag is applied once, also if another node repeats it', async () => {
    const east = hub().shared('stock', initial());
    const west = hub().shared('stock', initial());
    const order = (draft: Stock): void => void draft.count--;
    const first = await east.update(order, { tag: 'order-7' });
    await west.reached(first);
    expect(await west.update(order, { tag: 'order-7' })).toEqual(first);
    expect(await east.update(order, { tag: 'order-7' })).toEqual(first);
    expect(east.get().count).toBe(9);
    await expect(east.update(order, { tag: 'order 7' })).rejects.toMatchObject({ code: 'bad-option' });
  });

  it('rejects an update that was not sent with `unavailable`, and one that was with `in-doubt`', async () => {
    const shared = hub().shared('stock', initial());
    await shared.snapshot();
    let isDown = (): void => undefined;
    const silence = new Promise<never>(
      (_, reject) => (isDown = () => reject(new Error('the engine is down'))),
    );
    backplane.intercept.append = fail;
    backplane.intercept.read = backplane.intercept.open = () => silence; // the first one keeps its turn
    const sent = shared.update((draft) => void draft.count--, { timeout: 60 });
    await Promise.resolve();
    await Promise.resolve();
    const waiting = shared.update((draft) => void draft.count--, { timeout: 60 });
    const results = await Promise.allSettled([sent, waiting]);
    const codes = results.map(
      (result) => ((result as PromiseRejectedResult).reason as { code: string }).code,
    );
    expect(codes).toEqual(['in-doubt', 'unavailable']); // the append of the first one was sent
    expect(shared.get().count).toBe(10);
    for (const method of ['append', 'read', 'open'] as const) delete backplane.intercept[method];
    isDown();
    await shared.update((draft) => void draft.count--);
    expect(shared.get().count).toBe(9);
  });

  it('rejects with `in-doubt` if an append is not answered', async () => {
    const shared = hub().shared('stock', initial());
    await shared.snapshot();
    backplane.intercept.append = never;
    await expect(shared.update((draft) => void draft.count--, { timeout: 30 })).rejects.toMatchObject({
      code: 'in-doubt',
    });
  });

  it.each([Infinity, 2 ** 40])(
    'with a timeout of %d ms waits for an append that takes its time',
    async (timeout) => {
      const shared = hub().shared('stock', initial());
      await shared.snapshot();
      backplane.intercept.append = async (genuine, ...args) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return genuine(...args);
      };
      await shared.update((draft) => void draft.count--, { timeout });
      expect(shared.get().count).toBe(9);
    },
  );

  it('rejects an update that the engine refuses', async () => {
    const shared = hub().shared('stock', initial());
    const within = {};
    await expect(shared.update((draft) => void draft.count--, { within })).rejects.toMatchObject({
      code: 'not-supported',
    });
    expect(shared.get().count).toBe(10);
  });

  it('resolves an update within a transaction before its commit, and moves when that is heard', async () => {
    const shared = hub().shared('stock', initial());
    await shared.snapshot();
    let commit = (): void => undefined;
    backplane.intercept.append = (genuine, topic, after, revisions, within) => {
      if (within === undefined) return genuine(topic, after, revisions);
      commit = () => void genuine(topic, after, revisions);
      return Promise.resolve({ ok: true, at: { ...after, version: after.version + 1, token: 'x' } });
    };
    const position = await shared.update((draft) => void draft.count--, { within: {} });
    expect([position.version, shared.position().version, shared.get().count]).toEqual([2, 1, 10]);
    commit();
    await shared.reached(position);
    expect(shared.get().count).toBe(9);
  });

  it('warns of a recipe that makes two different changes of one value', async () => {
    const shared = hub().shared('stock', initial());
    let n = 0;
    await shared.update((draft) => void draft.names.push(`${++n}`));
    await shared.update((draft) => void draft.names.push(`${++n}`));
    const warnings = entries.filter(({ event }) => event === 'impure recipe');
    expect(warnings).toEqual([expect.objectContaining({ level: 'warn', topic: 'stock' })]);
    await shared.update((draft) => {
      draft.names = ['same'];
      draft.count = 1;
    });
    expect(entries.filter(({ event }) => event === 'impure recipe')).toHaveLength(1);
  });

  it('says in diagnostics which revisions were appended', async () => {
    const seen: unknown[] = [];
    const note = (message: unknown): void => void seen.push(message);
    channel('velox:append').subscribe(note);
    const shared = hub().shared('stock', initial());
    const { id } = await shared.update((draft) => void draft.count--);
    channel('velox:append').unsubscribe(note);
    expect(seen).toEqual([{ topic: 'stock', id, version: 2, updates: 1 }]);
  });

  it('saves a snapshot every so many revisions, and keeps the newest ones below it', async () => {
    const shared = hub().shared('stock', initial(), { snapshotEvery: 4, keep: 2 });
    for (let n = 0; n < 11; n++) await shared.update((draft) => void draft.count--);
    expect(backplane.calls.saveSnapshot).toBe(3);
    const { snapshot, revisions } = await backplane.log.open('stock', 'null');
    expect([snapshot.at.version, snapshot.value, revisions.length]).toEqual([
      12,
      '{"count":-1,"names":[]}',
      0,
    ]);
    expect(await backplane.log.read('stock', { ...snapshot.at, version: 9 })).toBe('gone');
  });

  it('refuses a hub without backplane, a topic that is shared already, and wrong options', async () => {
    const bad = expect.objectContaining({ code: 'bad-option' });
    expect(() => createHub().shared('stock', {})).toThrow(bad);
    const one = hub();
    const former = one.shared('stock', initial());
    expect(() => one.shared('stock', initial())).toThrow(bad);
    expect(() => one.shared('other', initial(), { snapshotEvery: 0 })).toThrow(bad);
    expect(() => createHub({ backplane: {} as never })).toThrow(bad);
    expect(() => one.shared('x'.repeat(2_000), initial())).toThrow(
      expect.objectContaining({ code: 'too-long' }),
    );
    one.remove('stock');
    await expect(former.update((draft) => void draft.count--)).rejects.toMatchObject({ code: 'closed' });
    await one.shared('stock', initial()).update((draft) => void draft.count--);
  });

  it('close() rejects updates that wait, and leaves no timers of shared states', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await createHub().close();
    const ofAnyHub = vi.getTimerCount();
    const one = hub();
    const shared = one.shared('stock', initial());
    await shared.snapshot();
    const result = expect(shared.update((draft) => void draft.count--)).rejects.toMatchObject({
      code: 'closed',
    });
    await one.close();
    await result;
    expect(vi.getTimerCount()).toBe(2 * ofAnyHub);
  });

  it('reached() rejects if the position does not come', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const shared = hub().shared('stock', initial());
    await shared.snapshot();
    const { id } = shared.position();
    const result = expect(shared.reached({ id, version: 5 })).rejects.toMatchObject({ code: 'unavailable' });
    await vi.advanceTimersByTimeAsync(12_000);
    await result;
    // a former epoch
    await shared.reached({ id: 'former', version: 5 });
  });
});

describe('a node whose value is broken', () => {
  it('loads it again if it cannot take a revision of its own', async () => {
    const shared = hub().shared('stock', initial());
    await shared.snapshot();
    const receive = vi.spyOn(SharedValue.prototype, 'receive').mockImplementation(() => {
      throw new TypeError('on purpose');
    });
    const position = await shared.update((draft) => void draft.count--);
    expect(shared.get().count).toBe(9);
    expect(shared.position()).toEqual(position);
    receive.mockRestore();
    await shared.update((draft) => void draft.count--);
    expect(shared.get().count).toBe(8);
  });

  it('loads it again if it cannot take a revision of another node', async () => {
    const east = hub().shared('stock', initial());
    const west = hub().shared('stock', initial());
    await Promise.all([east.snapshot(), west.snapshot()]);
    const genuine = Reflect.get<typeof SharedValue.prototype, 'receive'>(SharedValue.prototype, 'receive');
    vi.spyOn(SharedValue.prototype, 'receive').mockImplementation(function (
      this: SharedValue<unknown>,
      revision,
    ) {
      if (this.get() === east.get()) throw new TypeError('on purpose');
      return genuine.call(this, revision);
    });
    const position = await west.update((draft) => void draft.count--);
    await east.reached(position);
    expect(east.get().count).toBe(9);
  });

  it('rejects updates that cannot be proposed, loads it again, and takes the next ones', async () => {
    const shared = hub().shared('stock', initial());
    await shared.snapshot();
    const load = vi.spyOn(SharedValue.prototype, 'load');
    vi.spyOn(SharedValue.prototype, 'propose').mockImplementationOnce(() => {
      throw new TypeError('on purpose');
    });
    await expect(shared.update((draft) => void draft.count--)).rejects.toMatchObject({
      code: 'unavailable',
      cause: new TypeError('on purpose'),
    });
    expect(load).toHaveBeenCalledOnce();
    await shared.update((draft) => void draft.count--);
    expect(shared.get().count).toBe(9);
    expect(entries).toMatchObject([{ level: 'error', event: 'update failed', topic: 'stock' }]);
  });
});

describe('a value that cannot be loaded', () => {
  it('is served when the engine is there', async () => {
    backplane.intercept.open = fail;
    const shared = hub().shared('stock', initial());
    expect(shared.position()).toEqual({ id: '', version: 0 });
    const update = shared.update((draft) => void draft.count--);
    await new Promise((resolve) => setTimeout(resolve, 30));
    delete backplane.intercept.open;
    expect((await update).version).toBe(2);
  });

  it('from a former run of the engine begins a new epoch, if no node holds it', async () => {
    const first = await backplane.log.open('stock', JSON.stringify(initial()));
    backplane.intercept.run = () => Promise.resolve('another run');
    const { id } = await hub().shared('stock', initial()).snapshot();
    expect(id).not.toBe(first.snapshot.at.id);
    expect(backplane.calls.renew).toBe(1);
  });

  it('from a former run keeps its epoch, if the engine is durable', async () => {
    backplane = { ...interceptable({ ...memory(), durable: true }) };
    const first = await backplane.log.open('stock', JSON.stringify(initial()));
    backplane.intercept.run = () => Promise.resolve('another run');
    const { id } = await hub().shared('stock', initial()).snapshot();
    expect(id).toBe(first.snapshot.at.id);
  });
});
