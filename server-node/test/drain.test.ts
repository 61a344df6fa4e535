/** A restart under many clients. */
import { connect } from '@velox/core';
import { expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createHub, type Hub } from '../src/index.js';
import { listen, type Listening } from './rig/listen.js';

const CLIENTS = 300;
const WINDOW = 5_000;

async function start(port?: number): Promise<{ hub: Hub; server: Listening; connects: () => number }> {
  const hub = createHub();
  hub.state('board', { rows: [1, 2, 3] });
  let connects = 0;
  const server = await listen((request, response) => void hub.handle(request, response), port);
  server.server.on('connection', () => connects++);
  return { hub, server, connects: () => connects };
}

it.each(['websocket', 'sse'] as const)(
  'spreads the return of 300 clients over the window, over %s; no value is ever empty',
  { timeout: 400_000 },
  async (transport) => {
    const first = await start();
    const { port } = new URL(first.server.origin);
    let empty = 0;
    const syncs = Array.from({ length: CLIENTS }, () => {
      const sync = connect(first.server.origin, { WebSocket, transport });
      const replica = sync.replica('board');
      let known = false;
      replica.subscribe(() => {
        if (known && replica.get() === undefined) empty++;
        known = true;
      });
      return { sync, replica };
    });
    const current = (): number => syncs.filter(({ replica }) => !replica.status.get().stale).length;
    await vi.waitFor(() => expect(current()).toBe(CLIENTS), { timeout: 120_000, interval: 50 });

    /** After how many ms each means to come back: when it hears of it, and when it comes, are the machine's. */
    const plans = new Map<unknown, number>();
    for (const { sync } of syncs) {
      sync.status.subscribe(() => {
        const { retryAt } = sync.status.get();
        if (retryAt !== undefined && !plans.has(sync)) plans.set(sync, retryAt - Date.now());
      });
    }
    await first.hub.close({ drain: WINDOW });
    await first.server.close();
    const second = await start(Number(port));
    const away = (): number => syncs.filter(({ sync }) => sync.status.get().state === 'waiting').length;
    await vi.waitFor(() => expect(away()).toBeGreaterThan(CLIENTS / 2), { timeout: 120_000, interval: 5 });
    expect(syncs.filter(({ replica }) => replica.get() === undefined)).toEqual([]);
    await vi.waitFor(() => expect(current()).toBe(CLIENTS), { timeout: 120_000, interval: 50 });

    expect(second.connects()).toBeGreaterThanOrEqual(CLIENTS);
    expect(plans.size).toBe(CLIENTS);
    const times = [...plans.values()];
    const busiest = Math.max(
      ...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length),
    );
    expect(busiest).toBeLessThanOrEqual((1.5 * CLIENTS * 1_000) / WINDOW);
    expect(empty).toBe(0);
    syncs.forEach(({ sync }) => sync.close());
    await second.hub.close();
    await second.server.close();
  },
);
