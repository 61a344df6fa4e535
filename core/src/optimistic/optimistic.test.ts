import { applyPatches, enablePatches, type Patch } from 'immer';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createEventConnection } from '../connection/connection.js';
import { createSync, type Sync } from '../events/sync.js';
import { load } from '../platform/load.js';
import type { ClientFrame } from '../protocol/frames.js';
import type { Replica } from '../replicas/replica.js';
import { createFakeTransport, type FakeLink } from '../testing/fake-transport.js';
import { optimistic } from './optimistic.js';

enablePatches();
beforeAll(() => load());

interface Board {
  rows: number[];
}
interface Rig {
  readonly sync: Sync;
  readonly board: Replica<Board>;
  readonly link: () => FakeLink;
  /** The values that were shown, as JSON. */
  readonly shown: string[];
  /** The value that the patches lead to. */
  readonly mirror: () => unknown;
}

async function setUp(topic = 'board'): Promise<Rig> {
  const { transport, last } = createFakeTransport();
  const sync = createSync(createEventConnection({ url: 'http://h/sync', transports: [transport] }));
  const board = sync.replica<Board>(topic);
  const shown: string[] = [];
  let mirror: unknown;
  board.subscribe(() => shown.push(JSON.stringify(board.get()?.rows)));
  board.subscribePatches((patches) => (mirror = applyPatches(mirror ?? {}, patches as Patch[])));
  await Promise.resolve(); // it connects at the end of the tick
  last().hello();
  last().say({ topic, id: 'a', version: 1, body: { rows: [0] } });
  return { sync, board, link: last, shown, mirror: () => mirror };
}

const push =
  (row: number) =>
  (draft: Board): unknown =>
    draft.rows.push(row);
const delta = (version: number, row: number) =>
  ({ topic: 'board', version, delta: true, body: [{ op: 'add', path: '/rows/-', value: row }] }) as const;
const callOf = ({ sent }: FakeLink): number =>
  sent.findLast((frame): frame is ClientFrame & { call: number } => 'call' in frame)!.call;

describe('an optimistic call', () => {
  it('shows its effect immediately, and asks which revision has it', async () => {
    const { sync, board, link, shown, mirror } = await setUp();
    void sync.call('add', 1, { optimistic: optimistic(board, push(1)) });
    expect(shown.at(-1)).toBe('[0,1]');
    expect(mirror()).toEqual({ rows: [0, 1] });
    expect(link().sent.at(-1)).toEqual({ event: 'add', data: 1, call: 1, made: true, seq: 1 });
  });

  it('is confirmed by the state frame after made, and shows no row twice', async () => {
    const { sync, board, link, shown, mirror } = await setUp();
    const reply = sync.call('add', 1, { optimistic: optimistic(board, push(1)) });
    link().say(delta(2, 7)); // another client's row comes between
    link().say({ made: [callOf(link())], topic: 'board' }, delta(3, 1), { reply: 1, data: null, seq: 1 });
    await reply;
    expect(shown.slice(-3)).toEqual(['[0,1]', '[0,7,1]', '[0,7,1]']);
    expect(mirror()).toEqual({ rows: [0, 7, 1] });
  });

  it('takes back its own effect alone if it fails', async () => {
    const { sync, board, link, mirror } = await setUp();
    const first = sync.call('add', 1, { optimistic: optimistic(board, push(1)) });
    void sync.call('add', 2, { optimistic: optimistic(board, push(2)) });
    expect(board.get()?.rows).toEqual([0, 1, 2]);
    link().say({ reply: 1, error: { code: 'refused', message: 'no' }, seq: 1 });
    await expect(first).rejects.toMatchObject({ code: 'refused' });
    expect(board.get()?.rows).toEqual([0, 2]);
    expect(mirror()).toEqual({ rows: [0, 2] });
  });

  it('is removed with its reply if no revision has its effect', async () => {
    const { sync, board, link } = await setUp();
    const reply = sync.call('add', 1, { optimistic: optimistic(board, push(1)) });
    link().say({ reply: 1, data: null, seq: 1 });
    await reply;
    expect(board.get()?.rows).toEqual([0]);
  });

  it('may change several topics, each until its own state frame', async () => {
    const { sync, board, link } = await setUp();
    const other = sync.replica<{ count: number }>('count');
    other.subscribe(() => {});
    await Promise.resolve(); // it subscribes at the end of the tick
    link().say({ topic: 'count', id: 'b', version: 1, body: { count: 1 } });
    const count = optimistic(other, (draft) => void draft.count++);
    void sync.call('add', 1, { optimistic: [optimistic(board, push(1)), count] });
    link().say({ made: [1], topic: 'board' }, delta(2, 1));
    expect([board.get()?.rows, other.get()?.count]).toEqual([[0, 1], 2]);
    link().say({ made: [1], topic: 'count' }, { topic: 'count', id: 'b', version: 2, body: { count: 2 } });
    expect(other.get()?.count).toBe(2);
  });

  it('is left out, and reported once, if its recipe throws', async () => {
    const report = vi.spyOn(console, 'error').mockImplementation(() => {});
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    const { sync, board, link } = await setUp();
    const bad = optimistic(board, () => {
      throw new RangeError('of the recipe');
    });
    void sync.call('bad', 1, { optimistic: bad });
    void sync.call('add', 1, { optimistic: optimistic(board, push(1)) });
    link().say(delta(2, 7));
    expect(board.get()?.rows).toEqual([0, 7, 1]);
    expect(reported.mock.calls.length + report.mock.calls.length).toBe(1);
    vi.unstubAllGlobals();
  });

  it('changes a value that is no object by the result of its recipe', async () => {
    const { sync, link } = await setUp();
    const count = sync.replica<number>('count');
    count.subscribe(() => {});
    await Promise.resolve(); // it subscribes at the end of the tick
    link().say({ topic: 'count', id: 'b', version: 1, body: 1 });
    void sync.call('next', null, { optimistic: optimistic(count, (n) => n + 1) });
    expect(count.get()).toBe(2);
  });

  it('waits for a value that is not there yet', async () => {
    const { sync, link } = await setUp();
    const late = sync.replica<Board>('late');
    late.subscribe(() => {});
    await Promise.resolve(); // it subscribes at the end of the tick
    void sync.call('add', 1, { optimistic: optimistic(late, push(1)) });
    expect(late.get()).toBeUndefined();
    link().say({ topic: 'late', id: 'b', version: 1, body: { rows: [] } });
    expect(late.get()?.rows).toEqual([1]);
  });
});
