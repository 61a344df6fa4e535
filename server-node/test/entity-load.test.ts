/** Many clients, many rows and many notifications cost few fetches, and every client ends with the last row. */
import { connect, websocket } from '@velox/core';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createHub } from '../src/index.js';
import { setUp, turn } from './rig/entity-hub.js';
import { listen } from './rig/listen.js';

interface Row {
  n: number;
}

/** A row that changes, and a fetch of it that takes 50 ms. */
class Table {
  n = 0;
  /** When each fetch began, and how many ran at a time. */
  readonly begun: number[] = [];
  running = 0;
  mostRunning = 0;

  readonly fetch = async (): Promise<Row> => {
    this.begun.push(performance.now());
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    const { n } = this;
    await new Promise((resolve) => setTimeout(resolve, 50));
    this.running--;
    return { n };
  };

  /** The most fetches that began within any 50 ms. */
  get mostInAFetch(): number {
    const within = this.begun.map((from) => this.begun.filter((at) => at >= from && at < from + 50).length);
    return Math.max(...within);
  }
}

describe('1,000 clients of one row', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['in one tick', 0],
    ['over one fetch', 0.5],
    ['over ten fetches', 5],
    ['over a hundred fetches', 50],
  ])(
    'share at most 2 fetches per 50 ms for 100 notifications %s, and end with the last row',
    async (_, gap) => {
      const table = new Table();
      const { items, connect } = setUp({ fetch: table.fetch });
      const clients = Array.from({ length: 1_000 }, () => connect());
      for (const client of clients) client.want('items/7');
      await turn(60);
      expect(table.begun).toHaveLength(1);
      for (let count = 0; count < 100; count++) {
        table.n++;
        items.notify('7');
        await turn(gap);
      }
      await turn(200);
      expect(table.mostInAFetch).toBeLessThanOrEqual(2);
      expect(table.begun.length).toBeLessThanOrEqual(2 + Math.ceil((100 * gap) / 50) + 1);
      for (const client of clients) {
        const frames = client.take() as { version: number; body: unknown }[];
        const last = frames.at(-1)?.body as Row | { path: string; value: number }[];
        expect(Array.isArray(last) ? last[0]?.value : last.n).toBe(100);
      }
    },
  );
});

describe('300 rows that 300 components ask for in one tick', () => {
  /** A server with rows that `fetch` or `fetchMany` reads, and a client that counts its frames. */
  async function start(options: Parameters<ReturnType<typeof createHub>['entity']>[1]) {
    const hub = createHub();
    hub.entity('items', options);
    const server = await listen(hub.handle);
    onTestFinished(() => hub.close().then(() => server.close()));
    const sent: string[] = [];
    class CountingSocket extends WebSocket {
      override send(data: string): void {
        sent.push(data);
        super.send(data);
      }
    }
    const sync = connect(server.origin, { transports: [websocket(CountingSocket as never)] });
    onTestFinished(() => sync.close());
    const rows = Array.from({ length: 300 }, (_, id) => sync.replica<{ id: string }>(`items/${id}`));
    for (const row of rows) row.subscribe(() => undefined);
    await vi.waitFor(
      () => expect(rows.map((row) => row.get()?.id)).toEqual(rows.map((_, id) => String(id))),
      { timeout: 20_000 },
    );
    return sent
      .flatMap((text) => [JSON.parse(text) as object].flat())
      .filter((frame) => 'subscribe' in frame);
  }

  it('are one frame and one fetchMany', async () => {
    const fetchMany = vi.fn((ids: readonly string[]) =>
      Promise.resolve(new Map(ids.map((id) => [id, { id }]))),
    );
    const frames = await start({ fetchMany });
    expect(frames).toMatchObject([{ subscribe: expect.any(Array) as unknown }]);
    expect(fetchMany).toHaveBeenCalledTimes(1);
    expect(fetchMany.mock.calls[0]?.[0]).toHaveLength(300);
  });

  it('are one frame and at most `concurrency` fetches at a time', async () => {
    let running = 0;
    let most = 0;
    const fetch = vi.fn(async (id: string) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      return { id };
    });
    const frames = await start({ fetch });
    expect(frames).toHaveLength(1);
    expect(fetch).toHaveBeenCalledTimes(300);
    expect(most).toBe(8);
  });
});

describe('100 clients of one row, over sockets', () => {
  it('share few fetches, and end with the last row', async () => {
    const table = new Table();
    const hub = createHub();
    const items = hub.entity('items', { fetch: table.fetch });
    const server = await listen(hub.handle);
    onTestFinished(() => hub.close().then(() => server.close()));
    const rows = Array.from({ length: 100 }, () => {
      const sync = connect(server.origin, { transports: [websocket(WebSocket as never)] });
      onTestFinished(() => sync.close());
      const row = sync.replica<Row>('items/7');
      row.subscribe(() => undefined);
      return row;
    });
    const all = (n: number): Promise<unknown> =>
      vi.waitFor(() => expect(rows.map((row) => row.get()?.n)).toEqual(rows.map(() => n)), {
        timeout: 20_000,
        interval: 10,
      });
    await all(0);
    const before = table.begun.length;
    for (let count = 0; count < 100; count++) {
      table.n++;
      items.notify('7');
      await new Promise(setImmediate);
    }
    await all(100);
    expect(table.mostRunning).toBe(1);
    // One row is fetched by one fetch at a time, so each notification finds one under way or causes one.
    const lasted = (table.begun.at(-1) as number) - (table.begun[before] as number);
    expect(table.begun.length - before).toBeLessThanOrEqual(2 + lasted / 49);
  });
});
