/** Shared states as clients see them: two hubs on one backplane. */
import { describe, expect, it } from 'vitest';
import { memory } from '../src/backplanes/memory/index.js';
import { createHub } from '../src/create-hub.js';
import { createTestSync } from '../src/testing/index.js';
import { ModelEngine, type ModelClient } from './rig/model-log.js';

interface Board {
  rows: number[];
  filler: string;
}

const initial = (): Board => ({ rows: [], filler: '-'.repeat(500) });

/** A backplane whose log can be harmed. */
function harmable(engine = new ModelEngine()): { backplane: ReturnType<typeof memory>; log: ModelClient } {
  const log = engine.connect();
  return { backplane: { ...memory(), log }, log };
}

describe.each(['websocket', 'sse', 'polling'] as const)('a client over %s', (transport) => {
  it('resumes by delta on another hub', async () => {
    const backplane = memory();
    await using test = await createTestSync({ backplane });
    const other = createHub({ backplane });
    const [east, west] = [test.hub.shared('board', initial()), other.shared('board', initial())];
    const sync = test.connect({ transport });
    const replica = sync.replica<Board>('board');
    const received: unknown[] = [];
    replica.subscribePatches((patches) => received.push(...patches));
    await test.advance();
    await east.update((draft) => void draft.rows.push(1));
    await test.advance();
    expect(replica.get()?.rows).toEqual([1]);
    test.serve(other);
    test.inflict({ harm: 'drop' });
    await west.update((draft) => void draft.rows.push(2));
    received.length = 0;
    await test.advance(10_000);
    expect(replica.get()?.rows).toEqual([1, 2]);
    expect(received).toEqual([{ op: 'add', path: ['rows', 1], value: 2 }]);
    await Promise.all([other.close(), test.advance(10_000)]);
  });
});

describe('a topic whose engine is down', () => {
  it('is stale without a value until the engine is there', async () => {
    const { backplane, log } = harmable();
    log.faults.isDown = true;
    await using test = await createTestSync({ backplane });
    test.hub.shared('board', initial());
    const sync = test.connect();
    const replica = sync.replica<Board>('board');
    replica.subscribe(() => undefined);
    await test.advance(3_000);
    expect([replica.get(), replica.status.get().reason?.message]).toEqual([undefined, 'unavailable']);
    log.faults.isDown = false;
    await test.advance(5_000);
    expect([replica.get()?.rows, replica.status.get().reason?.message]).toEqual([[], undefined]);
  });

  it('keeps its value, is stale, and is current again when the engine is back', async () => {
    const { backplane, log } = harmable();
    await using test = await createTestSync({ backplane });
    const shared = test.hub.shared('board', initial());
    const replica = test.connect().replica<Board>('board');
    replica.subscribe(() => undefined);
    await test.advance(1_000);
    log.faults.isDown = true;
    const update = shared.update((draft) => void draft.rows.push(1));
    await test.advance(3_000);
    expect([replica.get()?.rows, replica.status.get().reason?.message]).toEqual([[], 'unavailable']);
    log.faults.isDown = false;
    await test.advance(3_000);
    await update;
    expect([replica.get()?.rows, replica.status.get().reason?.message]).toEqual([[1], undefined]);
  });
});

it.each([
  ['of two updates', {}],
  ['of an update and its repetition by another node', { tag: 'order-7' }],
])('clients of a fork %s receive the value of the log under a new epoch', async (_of, options) => {
  const engine = new ModelEngine();
  const east = harmable(engine);
  const west = harmable(engine);
  await using test = await createTestSync({ backplane: east.backplane });
  const other = createHub({ backplane: west.backplane });
  const [here, there] = [test.hub.shared('board', initial()), other.shared('board', initial())];
  const replica = test.connect().replica<Board>('board');
  replica.subscribe(() => undefined);
  await test.advance(1_000);
  const { id } = here.position();
  west.log.faults.isDown = true;
  void here.update((draft) => void draft.rows.push(1), options);
  await test.advance();
  expect(replica.get()?.rows).toEqual([1]);
  west.log.faults.isDown = false;
  const overtaking = there.update((draft) => void draft.rows.push(2), options);
  engine.loseTail('board', 1);
  await test.advance(10_000);
  await overtaking;
  expect(replica.get()?.rows).toEqual([2]);
  expect([here.position(), here.position().id === id]).toEqual([there.position(), false]);
  await Promise.all([other.close(), test.advance(10_000)]);
});
