import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TransactionalEngine, type Connection } from '../../../test/rig/transactional-engine.js';
import { createHub, type Hub } from '../../create-hub.js';
import { runAs } from '../cause.js';
import type { SharedState, SharedStateOptions } from './shared-state.js';

interface Stock {
  count: number;
}

const CONNECTIONS = 3;
const buy = (draft: Stock): void => void draft.count--;
/** The same as the patch of another program. */
const bought = (count: number): string => JSON.stringify([{ op: 'replace', path: '/count', value: count }]);

let engine: TransactionalEngine;
const hubs: Hub[] = [];

/** A shared state of a new hub, loaded. */
async function stock(options: SharedStateOptions = {}): Promise<SharedState<Stock>> {
  const hub = createHub({ backplane: engine.backplane, logger: () => undefined });
  hubs.push(hub);
  const shared = hub.shared('stock', { count: 100 }, options);
  await shared.snapshot();
  return shared;
}

beforeEach(() => {
  engine = new TransactionalEngine(CONNECTIONS);
});
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((each) => each.close()));
});

/** Begins a transaction, updates, and commits. */
async function purchase(shared: SharedState<Stock>): Promise<void> {
  const connection = await engine.begin();
  try {
    await shared.update(buy, { within: connection });
  } finally {
    await connection.commit();
  }
}

describe('updates within transactions', () => {
  it.each([true, false])(
    'updates within transactions that hold all connections of the engine are all committed (with notifications: %s)',
    async (isHeard) => {
      const shared = await stock();
      engine.isHeard = isHeard;
      await Promise.all(Array.from({ length: 4 * CONNECTIONS }, () => purchase(shared)));
      engine.isHeard = true;
      await shared.update(buy);
      expect(shared.get().count).toBe(100 - 4 * CONNECTIONS - 1);
    },
  );

  it('updates within transactions do not wait for an update that waits for a connection', async () => {
    const shared = await stock();
    const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => engine.begin()));
    const alone = shared.update(buy);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(
      connections.map(async (connection) => {
        await shared.update(buy, { within: connection });
        await connection.commit();
      }),
    );
    await alone;
    expect(shared.get().count).toBe(100 - CONNECTIONS - 1);
  });

  it('an update within a transaction goes on when the former commit of its connection is heard', async () => {
    const shared = await stock();
    const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => engine.begin()));
    const [first] = connections as [Connection];
    await shared.update(buy, { within: first });
    engine.hearingMs = 30;
    await first.commit();
    const again = await engine.begin(); // the others hold theirs
    expect(again).toBe(first);
    await shared.update(buy, { within: again });
    await again.commit();
    await Promise.all(connections.slice(1).map((connection) => connection.rollback()));
    await shared.update(buy);
    expect(shared.get().count).toBe(97);
  });

  it('the value never has a change of a transaction that is rolled back', async () => {
    const shared = await stock();
    const other = await stock();
    const connection = await engine.begin();
    await shared.update(buy, { within: connection });
    for (const node of [shared, other]) {
      await expect(node.update(buy, { within: connection })).rejects.toMatchObject({
        code: 'bad-option',
        message: expect.stringContaining('has updated "stock" before') as string,
      });
    }
    await connection.rollback();
    expect([shared.get().count, other.get().count]).toEqual([100, 100]);
    await shared.update(buy);
    expect(shared.get().count).toBe(99);
  });

  it('an update that is heard before its answer has its causes, also beside an update within a transaction', async () => {
    const shared = await stock();
    const { intercept } = engine.backplane;
    const append = intercept.append as NonNullable<typeof intercept.append>;
    let [send, answer] = [(): void => undefined, (): void => undefined];
    const [sent, answered] = [
      new Promise<void>((resolve) => (send = resolve)),
      new Promise<void>((resolve) => (answer = resolve)),
    ];
    intercept.append = async (genuine, ...args) => {
      if (args[3] === undefined) await sent;
      const result = await append(genuine, ...args);
      if (args[3] === undefined) await answered;
      return result;
    };
    const noted: number[] = [];
    const cause = { note: (_: unknown, version: number) => void noted.push(version), expect: () => () => {} };
    const alone = runAs([cause], () => shared.update(buy));
    const connection = await engine.begin();
    await shared.update(buy, { within: connection });
    await connection.rollback();
    send();
    await vi.waitFor(() => expect(shared.get().count).toBe(99));
    expect(noted).toEqual([2]);
    answer();
    await alone;
  });

  it.each(['the engine takes too long', 'the hub is closed'])(
    'an update within a transaction is in doubt if it has no answer when %s',
    async (reason) => {
      const shared = await stock();
      const connection = await engine.begin();
      engine.backplane.intercept.append = () => new Promise(() => undefined);
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
      const update = shared.update(buy, { within: connection, timeout: 60_000 });
      const rejected = expect(update).rejects.toMatchObject({ code: 'in-doubt' });
      await vi.advanceTimersByTimeAsync(reason === 'the hub is closed' ? 100 : 11_000);
      vi.useRealTimers();
      await Promise.all(hubs.splice(0).map((each) => each.close()));
      await rejected;
      await connection.rollback();
    },
  );

  it('an update within a transaction does not wait for one that waits in the engine', async () => {
    const shared = await stock();
    const [first, second] = [await engine.begin(), await engine.begin()];
    await shared.update(buy, { within: first });
    const waiting = shared.update(buy, { within: second });
    await expect(shared.update(buy, { within: first })).rejects.toMatchObject({ code: 'bad-option' });
    await first.commit();
    await waiting;
    await second.commit();
    await shared.update(buy);
    expect(shared.get().count).toBe(97);
  });

  it('an update within a transaction that has failed rejects with the error of the engine', async () => {
    const shared = await stock();
    const connection = await engine.begin();
    connection.failure = new Error('current transaction is aborted');
    await expect(shared.update(buy, { within: connection })).rejects.toBe(connection.failure);
    expect(shared.get().count).toBe(100);
    await connection.rollback();
  });
});

describe('snapshots of a topic that is updated within transactions', () => {
  it('updates within transactions save a snapshot every so many commits', async () => {
    const shared = await stock({ snapshotEvery: 4, keep: 2 });
    for (let n = 0; n < 10; n++) {
      await purchase(shared);
      const connection = await engine.begin();
      await shared.update(buy, { within: connection });
      await connection.rollback();
    }
    const last = await shared.update(buy);
    await shared.reached(last);
    expect(engine.saved).toEqual([4, 8, 12]);
  });

  it('only the node that has appended within a transaction saves the snapshot of its commit', async () => {
    const west = await stock({ snapshotEvery: 4 });
    await stock({ snapshotEvery: 4 });
    for (let n = 0; n < 9; n++) await purchase(west);
    await west.update(buy);
    expect(engine.saved).toEqual([4, 8]);
  });

  it('a node that loads a log without a recent snapshot saves one', async () => {
    await stock();
    for (let n = 1; n <= 9; n++) await engine.append('stock', bought(100 - n));
    const shared = await stock({ snapshotEvery: 4, keep: 2 });
    expect(shared.get().count).toBe(91);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(engine.saved).toEqual([10]);
  });
});
