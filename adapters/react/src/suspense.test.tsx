import { isVeloxError, shared, type Replica } from '@velox/core';
import { act, cleanup, render } from '@testing-library/react';
import {
  Component,
  startTransition,
  StrictMode,
  Suspense,
  useState,
  type FunctionComponent,
  type ReactNode,
} from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { renderToReadableStream } from 'react-dom/server.edge';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { board, play, type Board } from '../../../core/test/contracts/adapter-harness.js';
import { useSuspenseEntity, useSuspenseVelox } from './index.js';

const setUp = () => play({ mount: () => expect.unreachable(), act });
const later = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

class Boundary extends Component<{ children: ReactNode; onError: (error: unknown) => void }> {
  override readonly state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override componentDidCatch(error: unknown) {
    this.props.onError(error);
  }
  override render() {
    return this.state.failed ? 'failed' : this.props.children;
  }
}

const Title = ({ source }: { source: Replica<Board> }) => useSuspenseVelox(source).title;
const Waiting = ({ children }: { children: ReactNode }) => <Suspense fallback="wait">{children}</Suspense>;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('useSuspenseVelox', () => {
  it.each([
    ['', ({ children }: { children: ReactNode }) => children],
    [' in StrictMode', StrictMode],
  ] as [string, FunctionComponent<{ children: ReactNode }>][])(
    'suspends until there is a value, and goes on, by one subscription%s',
    async (_, Wrapper) => {
      const server = setUp();
      const { container, unmount } = render(
        <Wrapper>
          <Waiting>
            <Title source={server.replica()} />
            <Title source={server.replica()} />
          </Waiting>
        </Wrapper>,
      );
      expect(container.textContent).toBe('wait');
      await server.answer();
      expect(container.textContent).toBe('boardboard');
      await later(5_000);
      await server.title('new');
      expect(container.textContent).toBe('newnew');
      expect(server.last().sent).toEqual([{ open: {} }, { subscribe: [{}] }]);
      unmount();
      await later(1_000);
      expect(server.last().closed).toBe(true);
    },
  );

  const leaveSuspended = () => {
    const server = setUp();
    const { unmount } = render(
      <Waiting>
        <Title source={server.replica()} />
      </Waiting>,
    );
    unmount();
    return server;
  };

  it('releases the topic if the component is gone before a value arrives', async () => {
    const server = leaveSuspended();
    await server.answer();
    await later(1_000);
    expect(server.last().closed).toBe(true);
  });

  it('releases the topic 6 s after an abandoned suspension at the latest, also without an answer', async () => {
    const server = leaveSuspended();
    await later(6_000);
    expect(server.last().closed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stays subscribed, by one request, while a component waits for long', async () => {
    const server = setUp();
    const { container } = render(
      <Waiting>
        <Title source={server.replica()} />
      </Waiting>,
    );
    for (let second = 0; second < 60; second++) {
      await server.say({ ping: true });
      await later(800);
    }
    expect(container.textContent).toBe('wait');
    expect(server.links).toHaveLength(1);
    expect(server.last().sent).toEqual([{ open: {} }, { subscribe: [{}] }]);
    await server.answer();
    expect(container.textContent).toBe('board');
  });

  it('leaves no listener subscribed to the status', async () => {
    const server = setUp();
    const replica = server.replica();
    let subscribed = 0;
    const status = {
      ...replica.status,
      subscribe: (onChange: () => void) => {
        subscribed++;
        const leave = replica.status.subscribe(onChange);
        return () => {
          subscribed--;
          leave();
        };
      },
    };
    const source = { ...replica, status };
    render(
      <Waiting>
        <Title source={source} />
      </Waiting>,
    );
    expect(subscribed).toBe(1);
    await server.answer();
    expect(subscribed).toBe(0);
  });

  it('throws to the boundary when the topic is denied, and asks again after a retry', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const server = setUp();
    const onError = vi.fn();
    const App = () => (
      <Boundary onError={onError}>
        <Waiting>
          <Title source={server.replica('secret')} />
        </Waiting>
      </Boundary>
    );
    const { container, unmount } = render(<App />);
    await server.say({ denied: 'secret', code: 'forbidden' });
    expect(container.textContent).toBe('failed');
    expect(isVeloxError(onError.mock.calls[0]?.[0], 'forbidden')).toBe(true);
    unmount();
    await later(1_000);
    const again = render(<App />);
    expect(again.container.textContent).toBe('wait');
    await server.answer(board, 'secret');
    expect(again.container.textContent).toBe('board');
  });

  it('throws to the boundary when the application closes the connection, and connects again after 1 s', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const server = setUp();
    const onError = vi.fn();
    const Waits = () => useSuspenseVelox<Board>({ url: '/closed-while-waiting', ...server.options }).title;
    const App = () => (
      <Boundary onError={onError}>
        <Waiting>
          <Waits />
        </Waiting>
      </Boundary>
    );
    const { container, unmount } = render(<App />);
    await server.say();
    await act(async () => {
      shared('/closed-while-waiting').close();
      await vi.advanceTimersByTimeAsync(0);
    });
    expect(container.textContent).toBe('failed');
    expect(onError.mock.calls.map(([error]) => (error as { code: string }).code)).toEqual(['closed']);
    expect(server.links).toHaveLength(1);
    unmount();
    await later(1_000);
    const again = render(<App />);
    await server.answer();
    expect(again.container.textContent).toBe('board');
    expect(server.links).toHaveLength(2);
  });

  it('keeps the old screen while a transition waits for another source', async () => {
    const server = setUp();
    let change: (topic: string) => void = () => {};
    const App = () => {
      const [topic, setTopic] = useState('');
      const onClick = (next: string) => startTransition(() => setTopic(next));
      return (
        <Waiting>
          <button ref={() => void (change = onClick)} />
          <Title source={server.replica(topic)} />
        </Waiting>
      );
    };
    const { container } = render(<App />);
    await server.answer();
    act(() => change('b'));
    expect(container.textContent).toBe('board');
    await server.answer({ ...board, title: 'other' }, 'b');
    expect(container.textContent).toBe('other');
  });

  it('selects from the value once it has arrived', () => {
    const initial = { id: 'a', version: 1, body: board };
    const Selected = () => {
      const title = useSuspenseVelox({ url: '/selected', initial }, (value) => value.title);
      expectTypeOf(title).toEqualTypeOf<string>();
      expectTypeOf(useSuspenseVelox<Board>({ url: '/selected', initial })).toEqualTypeOf<Board>();
      return title;
    };
    vi.stubGlobal('document', undefined);
    expect(renderToString(<Selected />)).toBe('board');
  });

  it('leaves a row without a value on the server to the client, and the stream ends', async () => {
    vi.useRealTimers();
    const Row = () => <p>{JSON.stringify(useSuspenseEntity('http://h/sync', 'items', 7))}</p>;
    const App = () => (
      <Waiting>
        <Row />
      </Waiting>
    );
    vi.stubGlobal('document', undefined);
    const onError = vi.fn();
    const stream = await renderToReadableStream(<App />, { onError });
    await stream.allReady;
    expect(onError).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ code: 'no-transport' }),
      expect.anything(),
    );
  });

  it('leaves a topic without a value on the server to the client', async () => {
    const server = setUp();
    const source = { url: '/left', ...server.options };
    const Left = () => <p>{useSuspenseVelox<Board>(source).title}</p>;
    const App = () => (
      <Waiting>
        <Left />
      </Waiting>
    );
    vi.stubGlobal('document', undefined);
    const html = renderToString(<App />);
    vi.unstubAllGlobals();
    expect(html).toContain('wait');
    const container = document.body.appendChild(document.createElement('div'));
    container.innerHTML = html;
    const root = await act(() => hydrateRoot(container, <App />, { onRecoverableError() {} }));
    await later(100);
    await server.answer();
    expect(container.textContent).toBe('board');
    act(() => root.unmount());
    container.remove();
  });
});
