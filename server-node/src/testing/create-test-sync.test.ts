import { queryObjects } from 'node:v8';
import { createConnection, type ServerFrame } from '@velox/core';
import { record, replay } from '@velox/core/testing';
import { describe, expect, it } from 'vitest';
import { createHub } from '../create-hub.js';
import { Hub } from '../hub/hub.js';
import { createTestSync, faults } from './index.js';

describe('createTestSync', () => {
  it('has a server and clients in one test, on a time of its own', async () => {
    await using test = await createTestSync();
    const board = test.hub.state('board', { n: 0 });
    const [ann, ben] = [test.connect(), test.connect({ transport: 'polling' })];
    const replicas = [ann, ben].map((sync) => sync.replica<{ n: number }>('board'));
    for (const replica of replicas) replica.subscribe(() => undefined);
    await test.advance();
    board.update((draft) => void draft.n++);
    expect(replicas.map((replica) => replica.get()?.n)).toEqual([0, 0]);
    await test.advance();
    expect(replicas.map((replica) => replica.get()?.n)).toEqual([1, 1]);
    expect([ann, ben].map(({ status }) => status.get().transport)).toEqual(['websocket', 'polling']);
  });

  it('leaves no hub in memory', async () => {
    const openAndEnd = async (transport: 'websocket' | 'sse' | 'polling'): Promise<void> => {
      await using test = await createTestSync();
      const sync = test.connect({ transport });
      sync.replica('').subscribe(() => undefined);
      await test.advance();
      expect(sync.status.get().state).toBe('open');
    };
    const before = queryObjects(Hub);
    for (const transport of ['websocket', 'sse', 'polling'] as const) await openAndEnd(transport);
    expect(queryObjects(Hub)).toBe(before);
  });

  it('restores real time, also if the test fails', async () => {
    const { setTimeout: timer, fetch: get } = globalThis;
    await expect(
      (async () => {
        await using test = await createTestSync();
        expect(globalThis.setTimeout).not.toBe(timer);
        await test.advance(1);
        throw new Error('of the test');
      })(),
    ).rejects.toThrow('of the test');
    expect([globalThis.setTimeout, globalThis.fetch]).toEqual([timer, get]);
  });

  it.each([1, 2, 3, 4, 5])('endures faults: seed %i', async (seed) => {
    await using test = await createTestSync({ seed });
    const board = test.hub.state('board', { n: 0 });
    const sync = test.connect();
    const replica = sync.replica<{ n: number }>('board');
    replica.subscribe(() => undefined);
    const heard: unknown[] = [];
    test.hub.on('note', (_, note) => heard.push(note));
    await test.advance();
    sync.emit('note', 1);
    board.update((draft) => void draft.n++);
    await test.endure(faults(seed));
    sync.emit('note', 2);
    board.update((draft) => void draft.n++);
    await test.advance();
    expect(heard).toEqual([1, 2]);
    expect([replica.get(), replica.status.get().stale]).toEqual([{ n: 2 }, false]);
  });

  it('lets a test harm clients and restart the server', async () => {
    await using test = await createTestSync();
    test.hub.state('board', { n: 1 });
    const sync = test.connect();
    const replica = sync.replica('board');
    replica.subscribe(() => undefined);
    await test.advance();
    test.serve(undefined);
    test.inflict({ harm: 'drop' });
    await test.advance(1);
    expect(replica.status.get()).toMatchObject({ state: 'waiting', stale: true });
    const next = createHub();
    next.state('board', { n: 2 });
    test.serve(next);
    await test.advance(2_000);
    expect(replica.get()).toEqual({ n: 2 });
    expect(() => test.inflict({ harm: 'drop' }, 1)).toThrow('There is no client 1');
  });

  it.each(['websocket', 'sse', 'polling'] as const)(
    'lets a frozen client send nothing over %s, also if the test calls it, until it goes on',
    async (transport) => {
      await using test = await createTestSync();
      const heard: unknown[] = [];
      test.hub.on('note', (_, note) => heard.push(note));
      const open = test.connect({ transport });
      open.on('news', () => undefined);
      await test.advance();
      const late = test.connect({ transport });
      for (const client of [0, 1]) test.inflict({ harm: 'freeze', who: 'client', ms: 3_000 }, client);
      open.emit('note', 'open');
      late.emit('note', 'late');
      await test.advance(2_000);
      for (const client of [0, 1]) test.inflict({ harm: 'freeze', who: 'client', ms: 2_000 }, client);
      await test.advance(1_900);
      expect([heard, test.hub.stats().sessions]).toEqual([[], 1]);
      await test.advance(2_000);
      expect(heard.toSorted()).toEqual(['late', 'open']);
    },
  );

  it('records a session, which a client can be shown without a server', async () => {
    await using test = await createTestSync();
    const board = test.hub.state('board', { n: 0 });
    const sync = test.connect();
    const recorded = record(sync);
    sync.replica('board').subscribe(() => undefined);
    await test.advance();
    board.update((draft) => void draft.n++);
    await test.advance();
    const file = JSON.stringify(recorded());
    const transports = [replay(JSON.parse(file) as ReturnType<typeof recorded>)];
    const shown = createConnection({ url: 'http://nowhere.test', transports });
    const frames: ServerFrame[] = [];
    shown.onFrame((frame) => frames.push(frame));
    const replica = shown.replica('board');
    replica.subscribe(() => undefined);
    await test.advance(1_000);
    expect(replica.get()).toEqual({ n: 1 });
    expect(frames[0]).toMatchObject({ hello: { session: 'recorded-1' } });
    shown.close();
  });
});
