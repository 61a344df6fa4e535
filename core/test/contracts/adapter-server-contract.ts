import { afterEach, describe, expect, it, vi } from 'vitest';
import { syncOf } from '../../src/adapter.js';
import type { Source, SyncSource } from '../../src/index.js';
import type { EventHarness } from './adapter-event-contract.js';
import { board, textOf, type AdapterHarness, type Board, type Mounted } from './adapter-harness.js';
import { until } from './until.js';

/** The transports of the page: the WebSocket that jsdom has from Node fails on jsdom's own events. */
const transports = navigator.userAgent.includes('jsdom')
  ? (['sse'] as const)
  : (['websocket', 'sse', 'polling'] as const);

/**
 * What every adapter has to do with a real server, over each transport, in real time.
 *
 * @param origin the server has an endpoint at `/sync`; a POST to `/topics/name` sets a topic; topics `secret…` are denied.
 */
export function adapterServerContract(name: string, harness: AdapterHarness, origin: string): void {
  const mounted: Mounted[] = [];
  const mount = (source: Source<Board>, status = false): Element => {
    const component = harness.mount({ source, status });
    mounted.push(component);
    return component.element;
  };
  let topics = 0;
  const newTopic = (prefix: string): string => `${prefix}-${Math.random().toString(36).slice(2)}-${topics++}`;
  const put = async (topic: string, value: Board): Promise<void> => {
    const { ok } = await fetch(`${origin}/topics/${topic}`, { method: 'POST', body: JSON.stringify(value) });
    expect(ok).toBe(true);
  };

  describe.each(transports)(`the adapter for ${name}, over %s`, (transport) => {
    const source = (topic: string): Source<Board> => {
      return { url: `${origin}/sync`, topic, transport, identity: `${name} ${transport}` };
    };
    afterEach(() => mounted.splice(0).forEach(({ unmount }) => unmount()));

    it('shows the value, and each change of it', async () => {
      const topic = newTopic('board');
      await put(topic, board);
      const element = mount(source(topic));
      await until(element, (text) => text === textOf(board));
      const changed = { title: 'new', rows: [...board.rows, { id: 3, n: 1 }] };
      await put(topic, changed);
      await until(element, (text) => text === textOf(changed));
    });

    it('has one session for all topics', async () => {
      const [one, two] = [newTopic('one'), newTopic('two')];
      await Promise.all([put(one, board), put(two, { ...board, title: 'other' })]);
      const values = [mount(source(one)), mount(source(two))];
      const statuses = [mount(source(one), true), mount(source(two), true)];
      await Promise.all([
        until(values[0] as Element, (text) => text === textOf(board)),
        until(values[1] as Element, (text) => text.includes('other')),
        ...statuses.map((status) => until(status, (text) => text.includes('"stale":false'))),
      ]);
      const syncs = [one, two].map((topic) => syncOf(source(topic) as SyncSource));
      expect(syncs[0]).toBe(syncs[1]);
      for (const { textContent } of statuses) expect(JSON.parse(textContent)).toMatchObject({ transport });
    });

    it('shows in the status that a topic is denied', async () => {
      const topic = newTopic('secret');
      const value = mount(source(topic));
      await until(mount(source(topic), true), (text) => text.includes('"forbidden"'));
      expect(value.textContent).toBe('nothing');
    });

    it('shows a topic that is created later', async () => {
      const topic = newTopic('late');
      const value = mount(source(topic));
      await until(mount(source(topic), true), (text) => text.includes('"not-found"'));
      await put(topic, board);
      await until(value, (text) => text === textOf(board));
    });
  });
}

/**
 * What every adapter has to do with events of a real server, over each transport, in real time.
 *
 * @param origin the server has an endpoint at `/sync`, which answers an event `echo` by the event `notice`.
 */
export function adapterEventServerContract(name: string, { hear }: EventHarness, origin: string): void {
  it.each(transports)(
    `events in ${name}, over %s, come in order, and each of them once`,
    async (transport) => {
      const source = { url: `${origin}/sync`, transport, identity: `${name} ${transport} events` };
      const heard: unknown[] = [];
      const { unmount } = hear(source, (data) => heard.push(data));
      const { emit, status } = syncOf(source);
      // The listener opens the connection. A framework may add it later, and an answer may be faster.
      await vi.waitUntil(() => status.get().state === 'open');
      const sent = Array.from({ length: 100 }, (_, at) => ({ at }));
      for (const each of sent) emit('echo', each);
      await vi.waitFor(() => expect({ heard, status: status.get() }).toMatchObject({ heard: sent }));
      unmount();
    },
  );
}
