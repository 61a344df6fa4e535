import { connect, createConnection } from '@velox/core';
import { flushSync, mount, unmount } from 'svelte';
import { get } from 'svelte/store';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { board, play, type Board } from '../../../core/test/contracts/adapter-harness.js';
import Hears from './hears.test.svelte';
import { velox, veloxStatus } from './index.js';

const title = (value: Board | undefined): string | undefined => value?.title;
const setUp = () => play({ mount: () => expect.unreachable() });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('velox', () => {
  it('returns the value outside an effect without connecting', async () => {
    const server = setUp();
    const initial = { id: 'a', version: 1, body: board };
    const live = velox({ url: '/svelte', initial, ...server.options }, title);
    expect(live.current).toBe('board');
    expect(get(live)).toBe('board');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(server.links.filter(({ closed }) => !closed)).toEqual([]);
  });

  it('is followed by effects and deriveds, and is released 1 s after the last one ended', async () => {
    const server = setUp();
    const live = velox(server.replica(), title);
    const seen: unknown[] = [];
    const end = $effect.root(() => {
      const loud = $derived(live.current?.toUpperCase());
      $effect(() => void seen.push(loud));
    });
    flushSync();
    await server.answer();
    await server.title('new');
    expect(seen).toEqual([undefined, 'BOARD', 'NEW']);
    end();
    await vi.advanceTimersByTimeAsync(999);
    expect(server.last().closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.last().closed).toBe(true);
  });

  it('starts from a snapshot that `$state` holds, and leaves it changeable', async () => {
    const server = setUp();
    const initial = { id: 'a', version: 1, body: { ...board, rows: board.rows.map((row) => ({ ...row })) } };
    const source = $state({ url: '/state', initial });
    const live = velox<Board>(() => ({ ...source, ...server.options }));
    const seen: unknown[] = [];
    let runs = 0;
    const end = $effect.root(() => {
      $effect(() => {
        runs++;
        seen.push(live.current?.title);
      });
    });
    flushSync();
    expect(live.current).toEqual(board);
    source.initial.body.title = 'mine';
    source.initial.body.rows.push({ id: 3, n: 0 });
    flushSync();
    expect(source.initial.body.rows).toHaveLength(3);
    expect(live.current).toEqual(board);
    expect(runs).toBe(1);
    await server.title('new');
    expect(seen).toEqual(['board', 'new']);
    end();
  });

  it('follows the state that the selector reads', async () => {
    const server = setUp();
    let index = $state(0);
    const live = velox(server.replica(), (value) => value?.rows[index]?.n);
    const seen: unknown[] = [];
    const end = $effect.root(() => {
      $effect(() => void seen.push(live.current));
    });
    flushSync();
    const rows = (...ns: number[]) => ns.map((n, id) => ({ id, n }));
    await server.answer({ ...board, rows: rows(1, 2) });
    index = 1;
    flushSync();
    // to what the first selection was: it is a change all the same
    await server.say({ version: 2, delta: true, body: [{ op: 'replace', path: '/rows/1/n', value: 1 }] });
    expect(seen).toEqual([undefined, 1, 2, 1]);
    end();
  });

  it('goes on after a selector threw, even to what it gave before', async () => {
    const server = setUp();
    const live = velox(server.replica(), (value) => {
      if (value?.title === 'bad') throw new Error('cannot select');
      return title(value);
    });
    const seen: unknown[] = [];
    const end = $effect.root(() => {
      $effect(() => {
        try {
          seen.push(live.current);
        } catch {
          seen.push('caught');
        }
      });
    });
    flushSync();
    await server.answer();
    await server.title('bad');
    await server.title('board');
    expect(seen).toEqual([undefined, 'board', 'caught', 'board']);
    end();
  });

  it('notifies a subscriber in an effect once for each change, and does not run the effect again', async () => {
    const server = setUp();
    const live = velox(server.replica(), title);
    const seen: unknown[] = [];
    let runs = 0;
    const end = $effect.root(() => {
      $effect(() => {
        runs++;
        return live.subscribe((value) => void seen.push(value));
      });
    });
    flushSync();
    await server.answer();
    await server.title('new');
    expect(seen).toEqual([undefined, 'board', 'new']);
    expect(runs).toBe(1);
    end();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(server.last().closed).toBe(true);
  });

  it('notifies subscribers as a store until they unsubscribe', async () => {
    const server = setUp();
    const live = velox(server.replica(), title);
    const seen: unknown[] = [];
    const leave = live.subscribe((value) => void seen.push(value));
    expect(seen).toEqual([undefined]);
    await server.answer();
    await server.title('new');
    leave();
    await server.title('unheard');
    expect(seen).toEqual([undefined, 'board', 'new']);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(server.last().closed).toBe(true);
  });
});

it('veloxEvent follows its source no more once its component is gone', async () => {
  const [one, two] = [setUp(), setUp()];
  let source = $state.raw(connect('http://h/', one.options));
  const props = {
    onNotice: () => {},
    get source() {
      return source;
    },
  };
  const component = mount(Hears, { target: document.createElement('div'), props });
  flushSync();
  await vi.advanceTimersByTimeAsync(0);
  expect(one.links).toHaveLength(1);
  await unmount(component);
  source = connect('http://h/', two.options);
  flushSync();
  await vi.advanceTimersByTimeAsync(0);
  expect(two.links).toEqual([]);
});

/** The value that a component gets of `{ at: Date; ids: number[] }`: JSON, and read-only. */
interface Shown {
  readonly at: string;
  readonly ids: readonly number[];
}

it('the types follow the source', () => {
  const sync = createConnection({ url: 'http://h/', transports: [] });
  expectTypeOf(velox<Board>('/sync').current).toEqualTypeOf<Board | undefined>();
  expectTypeOf(velox(() => sync.replica<Board>(), title).current).toEqualTypeOf<string | undefined>();
  expectTypeOf(velox<{ at: Date; ids: number[] }>('/sync').current).toEqualTypeOf<Shown | undefined>();
  const count = velox<Board, number>('/sync', (board) => board?.rows.length ?? 0);
  expectTypeOf(count.current).toEqualTypeOf<number>();
  expectTypeOf(get(velox(sync.replica<Board>()))).toEqualTypeOf<Board | undefined>();
  expectTypeOf(veloxStatus('/sync').current.state).toExtend<string>();
});
