import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { replicaOf } from '../../src/adapter.js';
import { shared, type SyncSource } from '../../src/index.js';
import type { ServerFrame } from '../../src/protocol/frames.js';
import { play, type AdapterHarness } from './adapter-harness.js';

/** A component that hears the event `notice`. */
export interface Hearing {
  /** Gives the component another source. */
  readonly switchTo: (source: SyncSource) => void;
  readonly unmount: () => void;
}

/** All that a framework contributes to the tests of its events. */
export interface EventHarness extends Pick<AdapterHarness, 'act'> {
  readonly hear: (source: SyncSource, onNotice: (data: unknown) => void) => Hearing;
}

const notice = (data: unknown, seq: number): ServerFrame => ({ event: 'notice', data, seq });
let urls = 0;

/** What every adapter has to do with events, with the real core and a server that is played. */
export function adapterEventContract(name: string, { hear, act = (run) => run() }: EventHarness): void {
  const later = (ms: number): Promise<void> => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));
  const setUp = () => {
    const server = play({ mount: () => expect.unreachable(), act });
    return { ...server, source: { url: `/${name}/events/${urls++}`, ...server.options } };
  };

  describe(`events in ${name}`, () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it('reach the listener one by one, also those of one paint, and keep the connection open', async () => {
      const server = setUp();
      const onNotice = vi.fn();
      const { unmount } = hear(server.source, onNotice);
      await later(0);
      await server.say(notice(1, 1), { event: 'other', data: 0, seq: 2 }, notice(1, 3), notice(2, 4));
      await later(10_000);
      expect(onNotice.mock.calls).toEqual([[1], [1], [2]]);
      expect(server.last().closed).toBe(false);
      expect(server.links).toHaveLength(1);
      unmount();
      await later(0);
      expect(server.last().closed).toBe(true);
      expect(onNotice).toHaveBeenCalledTimes(3);
    });

    it('come by the connection that carries values', async () => {
      const server = setUp();
      const leave = replicaOf(server.source).subscribe(() => {});
      await server.answer();
      const onNotice = vi.fn();
      const { unmount } = hear(server.source, onNotice);
      await later(0);
      await server.say(notice('late', 1));
      expect(onNotice.mock.calls).toEqual([['late']]);
      expect(server.links).toHaveLength(1);
      unmount();
      leave();
      await later(1_000);
      expect(server.last().closed).toBe(true);
    });

    it('come from another source when the source changes', async () => {
      const [one, two] = [setUp(), setUp()];
      const onNotice = vi.fn();
      const { switchTo, unmount } = hear(one.source, onNotice);
      await later(0);
      await one.say(notice('one', 1));
      await act(async () => {
        switchTo(two.source);
        await vi.advanceTimersByTimeAsync(0);
      });
      await two.say(notice('two', 1));
      expect(onNotice.mock.calls).toEqual([['one'], ['two']]);
      expect(one.last().closed).toBe(true);
      unmount();
      await later(0);
    });

    it('leave a connection closed that the application closed, also for a source that is written again', async () => {
      const server = setUp();
      const { switchTo, unmount } = hear(server.source, () => {});
      await later(0);
      await server.say();
      shared(server.source.url).close();
      await act(async () => {
        switchTo({ ...server.source });
        await vi.advanceTimersByTimeAsync(5_000);
      });
      expect(server.links).toHaveLength(1);
      unmount();
    });

    it('leave nothing behind after 1,000 mounts', async () => {
      const server = setUp();
      const tenTimes = async (): Promise<void> => {
        const all = Array.from({ length: 10 }, () => hear(server.source, () => {}));
        await later(0);
        all.forEach(({ unmount }) => unmount());
      };
      await tenTimes(); // lasting setup of the framework
      await later(2_000);
      const timers = vi.getTimerCount();
      for (let i = 0; i < 100; i++) await tenTimes();
      await later(2_000);
      expect(server.links.filter(({ closed }) => !closed)).toEqual([]);
      expect(vi.getTimerCount()).toBe(timers);
    });
  });
}
