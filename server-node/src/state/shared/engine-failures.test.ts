import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VeloxError } from '@velox/core/protocol';
import { interceptable, type Interceptable } from '../../../test/rig/log-calls.js';
import { createHub, type Hub } from '../../create-hub.js';
import type { LogEntry } from '../../diagnostics/observer.js';
import type { SharedState } from './shared-state.js';

interface Stock {
  count: number;
}

const full = new Error("OOM command not allowed when used memory > 'maxmemory'.");
const gone = new Error('connect ECONNREFUSED 10.0.0.5:5432');
const buy = (draft: Stock): void => void draft.count--;

let backplane: Interceptable;
let entries: LogEntry[];
let hub: Hub;

beforeEach(() => {
  backplane = interceptable();
  entries = [];
  hub = createHub({ backplane, logger: (entry) => entries.push(entry) });
});
afterEach(async () => {
  vi.useRealTimers();
  await hub.close();
});

async function stock(topic = 'stock'): Promise<SharedState<Stock>> {
  const shared = hub.shared(topic, { count: 10 });
  await shared.snapshot();
  return shared;
}

const useFakeTimers = (): void =>
  void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });

describe('an engine that refuses appends', () => {
  it('an update that is in doubt names the last error of the engine as its cause', async () => {
    const shared = await stock();
    backplane.intercept.append = () => Promise.reject(full);
    await expect(shared.update(buy, { timeout: 60 })).rejects.toMatchObject({
      code: 'in-doubt',
      cause: full,
    });
  });

  it('an update that was not sent names the last error of the engine as its cause', async () => {
    backplane.intercept.open = () => Promise.reject(gone);
    const shared = hub.shared('stock', { count: 10 });
    await expect(shared.update(buy, { timeout: 60 })).rejects.toMatchObject({
      code: 'unavailable',
      cause: gone,
    });
  });

  it('an update that the engine certainly refuses as unavailable rejects immediately, with the error of the engine', async () => {
    const shared = await stock();
    const refusal = new VeloxError('unavailable', 'Redis has refused an append.', { cause: full });
    backplane.intercept.append = () => Promise.reject(refusal);
    await expect(shared.update(buy)).rejects.toBe(refusal);
    expect(entries).toMatchObject([
      { level: 'warn', event: 'append failed', topic: 'stock', error: refusal },
    ]);
  });

  it('the entry `append failed` comes once per topic until an append succeeds', async () => {
    const [east, west] = [await stock('east'), await stock('west')];
    const fail = async (): Promise<void> => {
      backplane.intercept.append = () => Promise.reject(full);
      const updates = [east, west, east].map((shared) => shared.update(buy, { timeout: 40 }));
      await Promise.allSettled(updates);
      delete backplane.intercept.append;
    };
    await fail();
    await fail();
    const failed = ['east', 'west'].map((topic) => ({
      level: 'warn',
      event: 'append failed',
      topic,
      error: full,
    }));
    expect(entries).toMatchObject(failed);
    await Promise.all([east.update(buy), west.update(buy)]);
    await fail();
    expect(entries).toMatchObject([...failed, ...failed]);
  });

  it('an update that is too large, or whose transaction failed, is no entry of the log', async () => {
    const shared = await stock();
    backplane.intercept.append = () => Promise.reject(new VeloxError('too-large', 'too large'));
    await expect(shared.update(buy)).rejects.toMatchObject({ code: 'too-large' });
    backplane.intercept.append = () => Promise.reject(full);
    await expect(shared.update(buy, { within: {} })).rejects.toBe(full);
    expect(entries).toEqual([]);
  });
});

describe('an engine that does not answer', () => {
  it('the entry `topic is stale` has the error also if the sweep notices the failure', async () => {
    useFakeTimers();
    await stock();
    const { intercept } = backplane;
    const down = (): Promise<never> => Promise.reject(gone);
    Object.assign(intercept, { heads: down, run: down, read: down, open: down });
    await vi.advanceTimersByTimeAsync(6_000);
    expect(entries).toMatchObject([{ level: 'warn', event: 'topic is stale', topic: 'stock', error: gone }]);
    for (const method of ['heads', 'run', 'read', 'open'] as const) delete intercept[method];
    await vi.advanceTimersByTimeAsync(6_000);
    intercept.heads = () => Promise.reject(gone);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(entries).toHaveLength(2);
  });

  it('snapshot() and reached() name the last error of the engine as the cause', async () => {
    useFakeTimers();
    backplane.intercept.open = () => Promise.reject(gone);
    const shared = hub.shared('stock', { count: 10 });
    const late = { code: 'unavailable', cause: gone };
    const results = Promise.all([
      expect(shared.snapshot()).rejects.toMatchObject(late),
      expect(shared.reached({ id: 'x', version: 1 })).rejects.toMatchObject(late),
    ]);
    await vi.advanceTimersByTimeAsync(15_000);
    await results;
  });
});
