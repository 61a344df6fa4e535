/** Copies are checked with the heartbeat: a fault becomes a number. */
import { connect } from '@velox/core';
import { createStateHash } from '@velox/core/protocol';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawSubscribe } from './rig/raw-client.js';

const hash = (value: unknown): string => createStateHash().of(value) as string;
const soon = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 5_000, interval: 5 });

/** A WebSocket whose messages are changed on their way: a fault of the client, as far as its copy can tell. */
function corrupting(change: (text: string) => string): typeof WebSocket {
  return class extends WebSocket {
    override emit(event: string | symbol, ...args: unknown[]): boolean {
      const [data, isBinary] = args as [Buffer, boolean];
      return event === 'message'
        ? super.emit(event, Buffer.from(change(data.toString())), isBinary)
        : super.emit(event, ...args);
    }
  };
}

const frames = (logged: velox.LogEntry[]) => logged.filter(({ event }) => event === 'diverged');

describe('a check', () => {
  it('finds a copy that differs by one byte, has it fetched anew, and is counted on both sides', async () => {
    const logged: velox.LogEntry[] = [];
    const hub = velox.createHub({ heartbeat: 50, logger: (entry) => logged.push(entry) });
    const board = hub.state('board', { rows: Array.from({ length: 100 }, (_, id) => ({ id, price: 10 })) });
    await using server = await listen((request, response) => void hub.handle(request, response));
    const WebSocket = corrupting((text) => text.replace('"value":41', '"value":42'));
    const sync = connect(server.origin, { transport: 'websocket', WebSocket });
    const replica = sync.replica('board');
    replica.subscribe(() => {});
    await soon(() => expect(replica.get()).toBeDefined());
    board.update((draft) => {
      draft.rows[7]!.price = 41;
    });
    await soon(() => expect(replica.status.get()).toMatchObject({ diverged: 1, stale: false }));
    expect(replica.get()).toEqual(board.get());
    expect(hub.stats().diverged).toBe(1);
    expect(frames(logged)).toEqual([
      { level: 'warn', event: 'diverged', topic: 'board', identity: undefined, transport: 'websocket' },
    ]);
    sync.close();
    await hub.close();
  });

  it('comes with the heartbeat, for the version that the client has, and again for the next one', async () => {
    const hub = velox.createHub({ heartbeat: 30 });
    const state = hub.state('', { n: 0, list: [1, 2] }, { throttle: 60_000 });
    await using server = await listen((request, response) => void hub.handle(request, response));
    const link = rawSubscribe(server.origin, {});
    const checks = async (count: number): Promise<unknown[]> => {
      const found: unknown[] = [];
      while (found.length < count) {
        const frame = await link.next();
        if ('check' in frame) found.push(frame);
      }
      return found;
    };
    const first = { check: hash({ n: 0, list: [1, 2] }), at: 1 };
    expect(await checks(2)).toEqual([first, first]);
    state.update((draft) => void draft.list.push(3));
    const second = { check: hash({ n: 0, list: [1, 2, 3] }), at: 2 };
    await vi.waitFor(async () => expect(await checks(1)).toEqual([second]));
    link.close();
    await hub.close();
  });

  it('leaves out topics that the client may not see, and takes the others in turn', async () => {
    const hub = velox.createHub({ heartbeat: 30, canSubscribe: (_, topic) => topic !== 'secret' });
    const topics = Array.from({ length: 40 }, (_, at) => `t${at}`);
    for (const topic of [...topics, 'secret']) hub.state(topic, { topic });
    await using server = await listen((request, response) => void hub.handle(request, response));
    const link = rawSubscribe(server.origin, { topic: 'secret' }, ...topics.map((topic) => ({ topic })));
    const seen = new Set<unknown>();
    while (seen.size < topics.length) {
      const frame = await link.next();
      if ('check' in frame) seen.add(frame.topic);
    }
    expect([...seen].sort()).toEqual([...topics].sort());
    link.close();
    await hub.close();
  });
});
