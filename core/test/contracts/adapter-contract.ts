import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shared, type Source } from '../../src/index.js';
import {
  board,
  play,
  textOf,
  type AdapterHarness,
  type Board,
  type Mounted,
  type View,
} from './adapter-harness.js';

const title = (value: Board | undefined): string | undefined => value?.title;

/** What every adapter has to do, with the real core and a server that is played. Call it in a test file of the adapter. */
export function adapterContract(name: string, harness: AdapterHarness): void {
  const { act = (run) => run(), isolates = true } = harness;
  const later = (ms: number): Promise<void> => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));
  const mounted = new Set<Mounted>();
  const mount = (view: View): Mounted => {
    const component = harness.mount(view);
    mounted.add(component);
    return component;
  };
  const unmount = (component: Mounted): void => {
    if (mounted.delete(component)) component.unmount();
  };
  const setUp = (): ReturnType<typeof play> => play(harness);

  describe(`the adapter for ${name}`, () => {
    beforeEach(() => {
      vi.useFakeTimers();
      vi.spyOn(Math, 'random').mockReturnValue(0.5); // the next attempt is not immediate
    });
    afterEach(async () => {
      mounted.forEach(unmount);
      await later(2_000); // the next test finds nothing of this one
      vi.useRealTimers();
      vi.restoreAllMocks();
    });

    it('shows undefined, then the value, then its changes', async () => {
      const server = setUp();
      const { element } = mount({ source: server.replica() });
      await later(0);
      expect(element.textContent).toBe('nothing');
      await server.answer();
      expect(element.textContent).toBe(textOf(board));
      await server.title('new');
      expect(element.textContent).toBe(textOf({ ...board, title: 'new' }));
    });

    it('renders once for 100 deltas in one paint', async () => {
      const server = setUp();
      const onRender = vi.fn();
      mount({ source: server.replica(), select: title, onRender });
      await server.answer();
      onRender.mockClear();
      await server.title(...Array.from({ length: 100 }, (_, i) => `${i}`));
      expect(onRender.mock.calls).toEqual([['99']]);
    });

    it('does not render for changes outside the selection', async () => {
      const server = setUp();
      const onRender = vi.fn();
      const { element } = mount({ source: server.replica(), select: (value) => value?.rows, onRender });
      await server.answer();
      expect(element.textContent).toBe(textOf(board.rows));
      onRender.mockClear();
      await server.title('a', 'b');
      await server.title('c');
      expect(onRender).not.toHaveBeenCalled();
    });

    it('keeps the shown value while the next selection is equal', async () => {
      const server = setUp();
      const onRender = vi.fn();
      const select = (value: Board | undefined): object => ({ long: title(value)?.length });
      const equal = (a: unknown, b: unknown): boolean => textOf(a) === textOf(b);
      const { element } = mount({ source: server.replica(), select, equal, onRender });
      await server.answer();
      expect(element.textContent).toBe('{"long":5}');
      onRender.mockClear();
      await server.title('other');
      expect(onRender).not.toHaveBeenCalled();
      await server.title('another');
      expect(element.textContent).toBe('{"long":7}');
    });

    it('releases a topic 1 s after its last component', async () => {
      const server = setUp();
      const both = [mount({ source: server.replica() }), mount({ source: server.replica(), select: title })];
      await server.answer();
      both.forEach(unmount);
      await later(0);
      await later(999);
      expect(server.last().closed).toBe(false);
      await later(1);
      expect(server.last().closed).toBe(true);
    });

    it('sends no frame if a component comes back before that, and shows the value immediately', async () => {
      const server = setUp();
      unmount(mount({ source: server.replica(), select: title }));
      const first = mount({ source: server.replica(), select: title });
      await server.answer();
      unmount(first);
      await later(900);
      const { element } = mount({ source: server.replica(), select: title });
      await later(0);
      expect(element.textContent).toBe('"board"');
      await later(5_000);
      expect(server.links).toHaveLength(1);
      expect(server.last().sent).toEqual([{ open: {} }, { subscribe: [{}] }]);
    });

    it('subscribes many components by one frame', async () => {
      const server = setUp();
      mount({ source: server.replica() });
      await server.answer();
      for (let i = 0; i < 100; i++) mount({ source: server.replica(`t${i % 3}`) });
      await later(0);
      expect(server.last().sent.slice(2)).toEqual([
        { subscribe: [{ topic: 't0' }, { topic: 't1' }, { topic: 't2' }] },
      ]);
    });

    it('shares one connection among sources that mean the same', async () => {
      const server = setUp();
      const source = (): Source<Board> => ({ url: `/${name}`, topic: 'x', ...server.options });
      const [one, two] = [mount({ source: source(), select: title }), mount({ source: source() })];
      await server.answer(board, 'x');
      expect(one.element.textContent).toBe('"board"');
      expect(two.element.textContent).toBe(textOf(board));
      expect(server.links).toHaveLength(1);
    });

    it('keeps a connection that the application closed, with its value, also for a source that is written again', async () => {
      const server = setUp();
      const source = (topic?: string): Source<Board> => ({
        url: `/${name}/closed`,
        topic,
        ...server.options,
      });
      const value = mount({ source: source(), select: title });
      const status = mount({ source: source(), status: true });
      const switchAll = (next: Source<Board>): void => {
        for (const { switchTo } of [value, status]) switchTo(next);
      };
      await server.answer();
      await act(async () => {
        shared(`/${name}/closed`).close();
        await vi.advanceTimersByTimeAsync(0);
        switchAll(source());
        await vi.advanceTimersByTimeAsync(5_000);
      });
      expect(value.element.textContent).toBe('"board"');
      expect(JSON.parse(status.element.textContent)).toMatchObject({ state: 'closed' });
      await act(async () => {
        switchAll(source('b'));
        await vi.advanceTimersByTimeAsync(5_000);
      });
      expect(value.element.textContent).toBe('nothing');
      expect(server.links).toHaveLength(1);
      mount({ source: source(), select: title });
      await later(0);
      expect(server.links).toHaveLength(2);
    });

    it('starts from an initial value, and resumes from its position', async () => {
      const server = setUp();
      const initial = { id: 'a', version: 1, body: { ...board, title: 'initial' } };
      const { element } = mount({
        source: { url: `/${name}/initial`, initial, ...server.options },
        select: title,
      });
      await later(0);
      expect(element.textContent).toBe('"initial"');
      await server.title('newer');
      expect(element.textContent).toBe('"newer"');
      expect(server.last().attempt.open[1]).toEqual({ subscribe: [{ id: 'a', version: 1 }] });
    });

    it('shows another source when it gets one, and leaves the first after 1 s', async () => {
      const server = setUp();
      const { element, switchTo } = mount({ source: server.replica(), select: title });
      await server.answer();
      await act(() => {
        switchTo(server.replica('b'));
        return later(0);
      });
      expect(element.textContent).toBe('nothing');
      await server.answer({ ...board, title: 'other' }, 'b');
      expect(element.textContent).toBe('"other"');
      await later(1_000);
      expect(server.last().sent.slice(2)).toEqual([{ subscribe: [{ topic: 'b' }] }, { unsubscribe: [''] }]);
    });

    it('shows another source even if `equal` finds its selection the same', async () => {
      const server = setUp();
      const length = (value: unknown): number | undefined => (value as Board | undefined)?.rows.length;
      const { element, switchTo } = mount({
        source: server.replica(),
        select: (value) => value,
        equal: (before, after) => length(before) === length(after),
      });
      mount({ source: server.replica('b') });
      await server.answer();
      await server.answer({ ...board, title: 'other' }, 'b');
      expect(element.textContent).toBe(textOf(board));
      await act(() => {
        switchTo(server.replica('b'));
        return later(0);
      });
      expect(element.textContent).toBe(textOf({ ...board, title: 'other' }));
    });

    it('follows the status without connecting', async () => {
      const server = setUp();
      const { element } = mount({ source: server.replica(), status: true });
      const shown = (): unknown => {
        const { state, stale, reason } = JSON.parse(element.textContent) as Record<string, unknown>;
        return [state, stale, (reason as { code: string } | undefined)?.code];
      };
      await later(10_000);
      expect(shown()).toEqual(['idle', true, undefined]);
      expect(server.links).toEqual([]);
      mount({ source: server.replica() });
      await server.answer();
      expect(shown()).toEqual(['open', false, undefined]);
      await server.say({ stale: 'database' });
      expect(shown()).toEqual(['open', true, 'stale']);
      await act(async () => {
        server.last().lose({ code: 'lost', message: 'gone' });
        await vi.advanceTimersByTimeAsync(0);
      });
      expect(shown()).toEqual(['waiting', true, 'lost']);
    });

    it('shows in the status that a topic is denied, and the value when it is granted', async () => {
      const server = setUp();
      const source = server.replica('secret');
      const value = mount({ source, select: title });
      const status = mount({ source, status: true });
      await server.say({ denied: 'secret', code: 'forbidden' });
      expect(JSON.parse(status.element.textContent)).toMatchObject({
        state: 'open',
        reason: { code: 'forbidden' },
      });
      expect(value.element.textContent).toBe('nothing');
      await server.answer(board, 'secret');
      expect(value.element.textContent).toBe('"board"');
      expect(JSON.parse(status.element.textContent)).not.toHaveProperty('reason');
    });

    it('gives an error in a selector to the boundary, and goes on', async () => {
      vi.spyOn(console, 'error').mockImplementation(() => {}); // React tells it, too
      vi.spyOn(console, 'warn').mockImplementation(() => {}); // Vue's
      const server = setUp();
      const onError = vi.fn();
      const error = new Error('cannot select');
      const select = (value: Board | undefined): unknown => {
        if (value?.title === 'bad') throw error;
        return title(value);
      };
      mount({ source: server.replica(), select, onError });
      const other = mount({ source: server.replica(), select: title });
      await server.answer();
      expect(onError).not.toHaveBeenCalled();
      await server.title('bad');
      expect(onError).toHaveBeenCalledWith(error);
      if (isolates) expect(other.element.textContent).toBe('"bad"');
      await server.title('good');
      expect(other.element.textContent).toBe('"good"');
    });

    it('leaves nothing behind after 1,000 mounts', async () => {
      const listening = new Map<string, number>();
      const count = (type: string, by: number): void => {
        listening.set(type, (listening.get(type) ?? 0) + by);
      };
      const server = setUp();
      const replica = server.replica();
      let subscribed = 0;
      const source = {
        ...replica,
        subscribe(onChange: () => void) {
          subscribed++;
          const leave = replica.subscribe(onChange);
          return () => {
            subscribed--;
            leave();
          };
        },
      };
      const tenTimes = async (): Promise<void> => {
        const all = Array.from({ length: 10 }, () => [mount({ source }), mount({ source, status: true })]);
        await later(0);
        all.flat().forEach(unmount);
      };
      await tenTimes(); // lasting setup of the framework
      await later(2_000);
      const timers = vi.getTimerCount();
      for (const target of [window, document]) {
        for (const [verb, by] of [
          ['addEventListener', 1],
          ['removeEventListener', -1],
        ] as const) {
          const original = target[verb].bind(target) as (...args: unknown[]) => void;
          vi.spyOn(target, verb).mockImplementation((...args: unknown[]) => {
            count(String(args[0]), by);
            original(...args);
          });
        }
      }
      for (let i = 0; i < 100; i++) await tenTimes();
      await later(0);
      expect(server.links.filter(({ closed }) => !closed)).toHaveLength(1);
      expect(listening.get('online')).toBe(1); // the connection's, while it is wanted
      await later(2_000);
      expect(server.links.every(({ closed }) => closed)).toBe(true);
      expect(server.links).toHaveLength(2);
      expect(subscribed).toBe(0);
      expect(vi.getTimerCount()).toBe(timers);
      expect([...listening].filter(([, left]) => left)).toEqual([]);
      expect(document.body.childElementCount).toBe(0);
    }, 120_000); // a busy machine takes long for 2,000 components
  });
}
