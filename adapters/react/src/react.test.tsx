import { createConnection, type Replica, type Status } from '@velox/core';
import { act, cleanup, render, screen } from '@testing-library/react';
import {
  Component,
  memo,
  startTransition,
  StrictMode,
  useEffect,
  useState,
  type FunctionComponent,
  type ReactNode,
} from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { createFakeTransport } from '../../../core/src/testing/fake-transport.js';
import { useVelox, useVeloxStatus } from './index.js';

interface Row {
  readonly id: number;
  readonly n: number;
}
interface Board {
  readonly title: string;
  readonly rows: readonly Row[];
}

const board = (size = 3): Board => ({
  title: 'board',
  rows: Array.from({ length: size }, (_, id) => ({ id, n: 0 })),
});

/** A connection to a server that the test plays. */
function setUp() {
  const { transport, links, last } = createFakeTransport();
  const sync = createConnection({ url: 'http://h/sync', transports: [transport] });
  let version = 0;
  return {
    sync,
    links,
    last,
    transport,
    /** Says hello, then sends a snapshot as version 1. */
    answer: (body: unknown, topic?: string) =>
      act(async () => {
        await vi.advanceTimersByTimeAsync(0);
        if (!version) last().hello();
        last().say({ id: 'a', version: (version = 1), body, ...(topic && { topic }) });
        vi.advanceTimersByTime(100);
      }),
    /** Changes rows and title, one delta each, all in one paint. */
    change: (...changes: (readonly [row: number, n: number] | string)[]) =>
      act(() => {
        for (const change of changes) {
          const [path, value] =
            typeof change === 'string' ? ['/title', change] : [`/rows/${change[0]}/n`, change[1]];
          last().say({ version: ++version, delta: true, body: [{ op: 'replace', path, value }] });
        }
        vi.advanceTimersByTime(100);
      }),
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('useVelox', () => {
  it('shows undefined, then the value, then its changes', async () => {
    const { sync, answer, change } = setUp();
    const Title = () => <p>{useVelox(sync.replica<Board>())?.title ?? 'nothing'}</p>;
    const { container } = render(<Title />);
    expect(container.textContent).toBe('nothing');
    await answer(board());
    expect(container.textContent).toBe('board');
    change('new');
    expect(container.textContent).toBe('new');
  });

  it('renders once for 100 deltas in one paint', async () => {
    const { sync, answer, change } = setUp();
    const rendered = vi.fn();
    const Rows = () => {
      rendered(useVelox(sync.replica<Board>())?.rows[0]?.n);
      return null;
    };
    render(<Rows />);
    await answer(board());
    rendered.mockClear();
    change(...Array.from({ length: 100 }, (_, i) => [0, i + 1] as const));
    expect(rendered.mock.calls).toEqual([[100]]);
  });

  it('renders exactly the one row of 1,000 whose cell changed, when rows select', async () => {
    const { sync, answer, change } = setUp();
    const replica = sync.replica<Board>();
    const rendered: string[] = [];
    const Cell = ({ i }: { i: number }) => {
      const row = useVelox(replica, (board) => board?.rows[i]);
      rendered.push(`row ${i}`);
      return <i>{row?.n}</i>;
    };
    const List = () => {
      const size = useVelox(replica, (board) => board?.rows.length ?? 0);
      rendered.push('list');
      return Array.from({ length: size }, (_, i) => <Cell key={i} i={i} />);
    };
    const { container } = render(<List />);
    await answer(board(1_000));
    expect(rendered).toHaveLength(1_002);
    rendered.length = 0;
    change([417, 7]);
    expect(rendered).toEqual(['row 417']);
    expect(container.querySelectorAll('i')[417]?.textContent).toBe('7');
  });

  it('renders exactly the one row of 1,000 whose cell changed, when rows are memoised', async () => {
    const { sync, answer, change } = setUp();
    const rendered: string[] = [];
    const Cell = memo(({ row }: { row: Row }) => {
      rendered.push(`row ${row.id}`);
      return <i>{row.n}</i>;
    });
    const List = () => {
      const value = useVelox(sync.replica<Board>());
      rendered.push('list');
      return value?.rows.map((row) => <Cell key={row.id} row={row} />);
    };
    const { container } = render(<List />);
    await answer(board(1_000));
    rendered.length = 0;
    change([417, 7]);
    expect(rendered).toEqual(['list', 'row 417']);
    expect(container.querySelectorAll('i')[417]?.textContent).toBe('7');
  });

  it('does not render for changes outside its selection', async () => {
    const { sync, answer, change } = setUp();
    const rendered = vi.fn();
    const Title = () => {
      rendered(useVelox(sync.replica<Board>(), (board) => board?.title));
      return null;
    };
    render(<Title />);
    await answer(board());
    rendered.mockClear();
    change([0, 1], [1, 2]);
    change([0, 2]);
    expect(rendered).not.toHaveBeenCalled();
  });
});

describe('an inline selector', () => {
  it.each([
    ['', ({ children }: { children: ReactNode }) => children],
    [' in StrictMode', StrictMode],
  ] as [string, FunctionComponent<{ children: ReactNode }>][])(
    'that builds a fresh object does not loop%s: it renders once for each change',
    async (_, Wrapper) => {
      const { sync, answer, change } = setUp();
      let commits = 0;
      const Sum = () => {
        const { sum } = useVelox(sync.replica<Board>(), (board) => ({
          sum: board?.rows.reduce((sum, { n }) => sum + n, 0),
        }));
        useEffect(() => void commits++);
        return <p>{sum}</p>;
      };
      const { container } = render(
        <Wrapper>
          <Sum />
        </Wrapper>,
      );
      await answer(board());
      commits = 0;
      change([0, 1]);
      change([1, 2]);
      expect(container.textContent).toBe('3');
      expect(commits).toBe(2);
    },
  );

  it('causes no rendering if it builds an equal object, and keeps the reference in other renderings', async () => {
    const { sync, answer, change } = setUp();
    const seen: unknown[] = [];
    let again: () => void = () => {};
    const Big = () => {
      const [, setCount] = useState(0);
      again = () => setCount((n) => n + 1);
      seen.push(
        useVelox(
          sync.replica<Board>(),
          (board) => board?.rows.filter(({ n }) => n > 10),
          (a, b) => JSON.stringify(a) === JSON.stringify(b),
        ),
      );
      return null;
    };
    render(<Big />);
    await answer({
      ...board(),
      rows: [
        { id: 0, n: 11 },
        { id: 1, n: 0 },
      ],
    });
    expect(seen.at(-1)).toEqual([{ id: 0, n: 11 }]);
    const { length } = seen;
    change([1, 1]);
    expect(seen).toHaveLength(length);
    act(again);
    expect(seen).toHaveLength(length + 1);
    expect(seen[length]).toBe(seen[length - 1]);
    change([1, 12]);
    expect(seen.at(-1)).toHaveLength(2);
  });

  it('sees the props of its own render', async () => {
    const { sync, answer } = setUp();
    const Cell = ({ i }: { i: number }) => (
      <p>{useVelox(sync.replica<Board>(), (board) => board?.rows[i]?.n)}</p>
    );
    const { container, rerender } = render(<Cell i={0} />);
    await answer({
      ...board(),
      rows: [
        { id: 0, n: 10 },
        { id: 1, n: 20 },
      ],
    });
    expect(container.textContent).toBe('10');
    rerender(<Cell i={1} />);
    expect(container.textContent).toBe('20');
  });

  it('reaches the error boundary if it throws, releases the topic, and runs again after a reset', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    class Boundary extends Component<{ children: ReactNode }> {
      override readonly state = { message: '' };
      static getDerivedStateFromError(error: Error) {
        return { message: error.message };
      }
      override render() {
        return this.state.message || this.props.children;
      }
    }
    const { sync, answer, change, last } = setUp();
    const Bad = () => {
      const title = useVelox(sync.replica<Board>(), (board) => {
        if (board?.title === 'bad') throw new Error('cannot select');
        return board?.title;
      });
      return <p>{title}</p>;
    };
    const app = (attempt: number) => (
      <Boundary key={attempt}>
        <Bad />
      </Boundary>
    );
    const { container, rerender } = render(app(1));
    await answer(board());
    expect(container.textContent).toBe('board');
    change('bad');
    expect(container.textContent).toBe('cannot select');
    rerender(app(2));
    expect(container.textContent).toBe('cannot select');
    change('good');
    rerender(app(3));
    expect(container.textContent).toBe('good');
    change('bad');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(last().closed).toBe(true);
  });
});

describe('showing interest', () => {
  const Title = ({ replica }: { replica: Replica<Board> }) => <p>{useVelox(replica)?.title}</p>;

  it('in StrictMode keeps one connection, and costs no frame more', async () => {
    const { sync, answer, links, last } = setUp();
    render(
      <StrictMode>
        <Title replica={sync.replica()} />
      </StrictMode>,
    );
    await answer(board());
    act(() => void vi.advanceTimersByTime(5_000));
    expect(links).toHaveLength(1);
    expect(last().sent).toEqual([{ open: {} }, { subscribe: [{}] }]);
    expect(last().closed).toBe(false);
  });

  it('again within 1 s costs no frame, and shows the value immediately', async () => {
    const { sync, answer, links, last } = setUp();
    const { unmount } = render(<Title replica={sync.replica()} />);
    await answer(board());
    unmount();
    await vi.advanceTimersByTimeAsync(999);
    render(<Title replica={sync.replica()} />);
    expect(screen.getByText('board')).toBeTruthy();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(links).toHaveLength(1);
    expect(last().sent).toHaveLength(2);
    expect(last().closed).toBe(false);
  });

  it('no more closes the link after 1 s', async () => {
    const { sync, answer, last } = setUp();
    const { unmount } = render(<Title replica={sync.replica()} />);
    await answer(board());
    unmount();
    await vi.advanceTimersByTimeAsync(999);
    expect(last().closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(last().closed).toBe(true);
  });

  it('by 100 components in one tick is one subscribe frame', async () => {
    const { sync, answer, last } = setUp();
    const topics = Array.from({ length: 100 }, (_, i) => `t${i % 10}`);
    const { rerender } = render(<Title replica={sync.replica()} />);
    await answer(board());
    rerender(topics.map((topic, i) => <Title key={i} replica={sync.replica(topic)} />));
    await vi.advanceTimersByTimeAsync(0);
    expect(last().sent.slice(2)).toEqual([{ subscribe: topics.slice(0, 10).map((topic) => ({ topic })) }]);
  });

  it('in another source shows that one, and leaves the first after 1 s', async () => {
    const { sync, answer, last } = setUp();
    const { container, rerender } = render(<Title replica={sync.replica()} />);
    await answer(board());
    rerender(<Title replica={sync.replica('b')} />);
    expect(container.textContent).toBe('');
    await answer({ ...board(), title: 'other' }, 'b');
    expect(container.textContent).toBe('other');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(last().sent.slice(2)).toEqual([{ subscribe: [{ topic: 'b' }] }, { unsubscribe: [''] }]);
    rerender(<Title replica={sync.replica()} />);
    expect(container.textContent).toBe('board');
  });

  it('in a URL written inline means one connection for all of them', async () => {
    const { transport, links, answer } = setUp();
    const source = () => ({ url: '/inline', topic: 'x', transports: [transport] });
    const Both = () => (
      <p>
        {useVelox<Board>(source())?.title}{' '}
        {useVelox(source(), (board: Board | undefined) => board?.rows.length)}
      </p>
    );
    const { container } = render(<Both />);
    await answer(board(), 'x');
    expect(container.textContent).toBe('board 3');
    expect(links).toHaveLength(1);
    expect(links[0]?.attempt.url).toBe(new URL('/inline', document.baseURI).href);
  });
});

describe('concurrent rendering', () => {
  it('never shows two versions side by side', async () => {
    const { sync, answer, change } = setUp();
    const replica = sync.replica<Board>();
    const shown: string[] = [];
    const Title = () => useVelox(replica)?.title;
    const Screen = ({ children }: { children: ReactNode }) => {
      useEffect(() => void shown.push(document.body.textContent));
      return children;
    };
    let grow: (size: number) => void = () => {};
    const App = () => {
      const [size, setSize] = useState(1);
      grow = setSize;
      return (
        <Screen>
          {Array.from({ length: size }, (_, i) => (
            <Title key={i} />
          ))}
        </Screen>
      );
    };
    render(<App />);
    await answer({ ...board(), title: 'a' });
    act(() => startTransition(() => grow(50)));
    await act(async () => {
      startTransition(() => grow(100));
      await Promise.resolve();
      change('b');
    });
    change('c');
    expect(document.body.textContent).toBe('c'.repeat(100));
    shown.forEach((text) => expect(new Set(text).size).toBeLessThanOrEqual(1));
  });
});

describe('rendering on a server', () => {
  const initial = { id: 'a', version: 1, body: board() };
  const source = { url: '/ssr', initial };
  const Title = () => {
    const value = useVelox(source);
    return <p>{`${value?.title} ${useVeloxStatus(source).state}`}</p>;
  };

  it('shows the initial value without connecting', () => {
    vi.stubGlobal('document', undefined);
    const [fetch, WebSocket] = [vi.fn(), vi.fn()];
    vi.stubGlobal('fetch', fetch);
    vi.stubGlobal('WebSocket', WebSocket);
    expect(renderToString(<Title />)).toBe('<p>board idle</p>');
    vi.advanceTimersByTime(10_000);
    expect(fetch).not.toHaveBeenCalled();
    expect(WebSocket).not.toHaveBeenCalled();
  });

  it('hydrates without a mismatch, and then shows newer values', async () => {
    const { transport, links, answer, change } = setUp();
    const html = renderToString(<Title />);
    const container = document.body.appendChild(document.createElement('div'));
    container.innerHTML = html;
    const complaint = vi.spyOn(console, 'error');
    // Another part of the page was faster: when this one hydrates, the value has moved on.
    const Other = () => (useVelox({ url: '/hydrate', initial, transports: [transport] }), null);
    render(<Other />);
    await answer(board());
    change('newer');
    expect(links[0]?.attempt.open[1]).toEqual({ subscribe: [{ id: 'a', version: 1 }] });
    const Hydrated = () => {
      const title = useVelox({ url: '/hydrate', initial }, (board) => board?.title);
      return <p>{`${title} ${useVeloxStatus('/hydrate').state}`}</p>;
    };
    const onRecoverableError = vi.fn();
    const root = await act(async () => {
      const root = hydrateRoot(container, <Hydrated />, { onRecoverableError });
      await Promise.resolve();
      return root;
    });
    expect(onRecoverableError).not.toHaveBeenCalled();
    expect(complaint).not.toHaveBeenCalled();
    expect(container.textContent).toBe('newer open');
    act(() => root.unmount());
    container.remove();
  });
});

it('hydrates each component with the value that the server rendered for it', async () => {
  const { transport } = setUp();
  const First = () => {
    const source = { url: '/own', initial: { id: 'a', version: 1, body: { n: 1 } }, transports: [transport] };
    return <i>{useVelox(source)?.n}</i>;
  };
  const Second = () => (
    <i>{useVelox({ url: '/own', initial: { id: 'a', version: 2, body: { n: 2 } } })?.n}</i>
  );
  const Third = () => <i>{useVelox<{ n: number }>('/own')?.n ?? 'none'}</i>;
  const container = document.body.appendChild(document.createElement('div'));
  container.innerHTML = '<i>1</i><i>2</i><i>none</i>';
  const onRecoverableError = vi.fn();
  const page = [First, Second, Third].map((Part, at) => <Part key={at} />);
  const root = await act(async () => {
    const root = hydrateRoot(container, page, { onRecoverableError });
    await Promise.resolve();
    return root;
  });
  expect(onRecoverableError).not.toHaveBeenCalled();
  act(() => root.unmount());
  container.remove();
});

describe('useVeloxStatus', () => {
  it('follows the connection and the topic, renders only for changed fields, and does not connect', async () => {
    const { sync, answer, change, links, last } = setUp();
    const seen: Status[] = [];
    const Pill = () => {
      seen.push(useVeloxStatus(sync.replica()));
      return null;
    };
    render(<Pill />);
    await act(() => vi.advanceTimersByTimeAsync(10_000));
    expect(links).toEqual([]);
    sync.replica().subscribe(() => {});
    await answer(board());
    change('a');
    change('b');
    act(() => last().lose({ code: 'lost', message: 'gone' }));
    expect(seen.map(({ state, stale, attempt, reason }) => [state, stale, attempt, reason?.message])).toEqual(
      [
        ['idle', true, 0, undefined],
        ['connecting', true, 1, undefined],
        ['open', false, 0, undefined],
        ['waiting', true, 1, 'gone'],
      ],
    );
  });
});

/** The value that a component gets of `{ at: Date; ids: number[] }`: JSON, and read-only. */
interface Shown {
  readonly at: string;
  readonly ids: readonly number[];
}

it('the types follow the source', () => {
  const sync = createConnection({ url: 'http://h/', transports: [] });
  const Types = () => {
    expectTypeOf(useVelox<Board>('/sync')).toEqualTypeOf<Board | undefined>();
    expectTypeOf(useVelox('/sync')).toEqualTypeOf<unknown>();
    expectTypeOf(useVelox(sync.replica<Board>())).toEqualTypeOf<Board | undefined>();
    expectTypeOf(useVelox(sync.replica<Board>(), (board) => board?.title)).toEqualTypeOf<
      string | undefined
    >();
    expectTypeOf(useVelox('/sync', (board: Board | undefined) => !!board)).toEqualTypeOf<boolean>();
    expectTypeOf(
      useVelox<Board, number>('/sync', (board) => board?.rows.length ?? 0),
    ).toEqualTypeOf<number>();
    expectTypeOf(useVelox({ url: '/sync', initial: { id: 'a', version: 1, body: board() } })).toEqualTypeOf<
      Board | undefined
    >();
    expectTypeOf(useVelox<{ at: Date; ids: number[] }>('/sync')).toEqualTypeOf<Shown | undefined>();
    expectTypeOf(useVeloxStatus(sync.replica<Board>())).toEqualTypeOf<Status>();
    return null;
  };
  vi.stubGlobal('document', undefined);
  expect(renderToString(<Types />)).toBe('');
});
