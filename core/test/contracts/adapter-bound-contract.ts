import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shared, type PresenceMembers, type SharedOptions } from '../../src/index.js';
import { createFakeTransport } from '../../src/testing/fake-transport.js';
import { board, type Board } from './adapter-harness.js';

/** The contract that the tests of `createVelox` use. */
export interface App {
  topics: {
    board: Board;
    [item: `items/${string}`]: { readonly name: string; readonly at: Date };
    'presence/lobby': PresenceMembers<{ readonly nick: string }, { readonly x: number }>;
  };
  events: { notice: string; moved: { readonly id: number } };
}

/** The framework's part: a component that uses functions bound to an endpoint. */
export interface BoundHarness {
  /** Mounts a component that shows the title of `board`, then the name of the row `items/7`, and calls `onNotice` for events `notice`. */
  readonly mount: (
    endpoint: SharedOptions & { url: string },
    onNotice: (text: string) => void,
  ) => { readonly element: Element; readonly unmount: () => void; readonly emit: (text: string) => void };
  /** Runs something that makes components render. Default: just runs it. */
  readonly act?: (run: () => Promise<void>) => Promise<void>;
}

/** Tests that functions bound to an endpoint share its connection, and read the topics and events of its contract. */
export function adapterBoundContract(name: string, { mount, act = (run) => run() }: BoundHarness): void {
  describe(`createVelox of the adapter for ${name}`, () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => {
      shared('http://h/bound').close();
      vi.useRealTimers();
    });

    it('binds topics, events and the connection to one endpoint', async () => {
      const { transport, links, last } = createFakeTransport();
      const endpoint = { url: 'http://h/bound', transports: [transport] };
      const pass = (ms: number): Promise<void> =>
        act(async () => void (await vi.advanceTimersByTimeAsync(ms)));
      const onNotice = vi.fn<(text: string) => void>();
      const { element, unmount, emit } = mount(endpoint, onNotice);
      await pass(0);
      last().hello();
      last().say({ id: 'a', version: 1, topic: 'board', body: board });
      last().say({ id: 'b', version: 1, topic: 'items/7', body: { name: 'seven' } });
      await pass(200);
      expect(element.textContent).toBe('board seven');

      last().say({
        topic: 'board',
        version: 2,
        delta: true,
        body: [{ op: 'replace', path: '/title', value: 'new' }],
      });
      last().say({ event: 'notice', data: 'hi', seq: 1 });
      await pass(200);
      last().say({ id: 'b', version: 2, topic: 'items/7', body: null });
      await pass(200);
      expect(element.textContent).toBe('new none');
      expect(onNotice).toHaveBeenCalledExactlyOnceWith('hi');

      emit('there');
      await pass(0);
      expect(last().sent).toContainEqual(expect.objectContaining({ event: 'notice', data: 'there' }));
      expect(links.length).toBe(1);
      unmount();
    });
  });
}
