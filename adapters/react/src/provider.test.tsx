import { shared } from '@velox/core';
import { act, cleanup, render } from '@testing-library/react';
import { memo } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { board, play, type Board } from '../../../core/test/contracts/adapter-harness.js';
import { useVelox, useVeloxStatus, VeloxProvider, type ProvidedSource } from './index.js';

const setUp = () => play({ mount: () => expect.unreachable(), act });
const Title = ({ source }: { source?: ProvidedSource<Board> }) =>
  `${useVelox(source, (value) => value?.title)} ${useVeloxStatus(source).state} `;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('VeloxProvider', () => {
  it('gives its URL and options to sources that have none', async () => {
    const server = setUp();
    const { container } = render(
      <VeloxProvider url="/provided" identity="ann" {...server.options}>
        <Title />
        <Title source={{ topic: 'b' }} />
      </VeloxProvider>,
    );
    await server.answer();
    await server.answer({ ...board, title: 'other' }, 'b');
    expect(container.textContent).toBe('board open other open ');
    expect(server.links.map(({ attempt }) => attempt.url)).toEqual([
      new URL('/provided', document.baseURI).href,
    ]);
  });

  it.each([
    ['room', 'https://api.example/v1/room'],
    ['/room', 'https://api.example/room'],
    ['https://other.example/', 'https://other.example/'],
  ])('is the base of %s', async (url, absolute) => {
    const server = setUp();
    render(
      <VeloxProvider url="https://api.example/v1/" {...server.options}>
        <Title source={url} />
      </VeloxProvider>,
    );
    await server.answer();
    expect(server.last().attempt.url).toBe(absolute);
  });

  it('does not change replicas, nor options that a source sets itself', async () => {
    const [provided, own] = [setUp(), setUp()];
    const { container } = render(
      <VeloxProvider url="/left-alone" {...provided.options}>
        <Title source={own.replica()} />
        <Title source={{ topic: 'b', identity: 'own', ...own.options }} />
      </VeloxProvider>,
    );
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(provided.links).toEqual([]);
    expect(own.links).toHaveLength(2);
    expect(container.textContent).toBe('undefined connecting undefined connecting ');
  });

  it('calls the newest `auth`, `headers` and `onClose` that it has', async () => {
    const server = setUp();
    const closed: string[] = [];
    const App = ({ user }: { user: string }) => (
      <VeloxProvider
        url="/newest"
        auth={() => `token-of-${user}`}
        headers={() => ({ user })}
        onClose={() => closed.push(user)}
        {...server.options}
      >
        {children}
      </VeloxProvider>
    );
    const children = <Title />;
    const { rerender } = render(<App user="ann" />);
    const attempt = async () => {
      await act(() => vi.advanceTimersByTimeAsync(20_000));
      return [server.last().attempt.open[0], server.last().attempt.headers];
    };
    const of = (user: string) => [
      { open: { token: `token-of-${user}` } },
      { user, authorization: `Bearer token-of-${user}` },
    ];
    expect(await attempt()).toEqual(of('ann'));
    rerender(<App user="bob" />);
    shared('/newest').reconnect();
    expect(await attempt()).toEqual(of('bob'));
    act(() => shared('/newest').close());
    expect(closed).toEqual(['bob']);
  });

  it('calls functions of the next provider on the same connection', async () => {
    const server = setUp();
    const App = ({ user }: { user: string }) => (
      <VeloxProvider key={user} url="/next-provider" auth={() => `token-of-${user}`} {...server.options}>
        <Title />
      </VeloxProvider>
    );
    const { rerender } = render(<App user="ann" />);
    await act(() => vi.advanceTimersByTimeAsync(20_000));
    rerender(<App user="bob" />);
    shared('/next-provider').reconnect();
    await act(() => vi.advanceTimersByTimeAsync(20_000));
    expect(server.last().attempt.open[0]).toEqual({ open: { token: 'token-of-bob' } });
    shared('/next-provider').close();
  });

  it('renders no component inside while its options stay the same, also with functions written inline', () => {
    const server = setUp();
    const rendered = vi.fn();
    const Counted = memo(() => {
      rendered();
      return <Title />;
    });
    const App = ({ url = '/stays' }: { url?: string }) => (
      <VeloxProvider url={url} auth={() => 'token'} onClose={() => {}} {...server.options}>
        <Counted />
        <Reads />
      </VeloxProvider>
    );
    const reads = vi.fn();
    const Reads = memo(() => {
      reads(useVeloxStatus().state);
      return null;
    });
    const { rerender } = render(<App />);
    for (let n = 0; n < 5; n++) rerender(<App />);
    expect(rendered).toHaveBeenCalledOnce();
    expect(reads).toHaveBeenCalledOnce();
    rerender(<App url="/changes" />);
    expect(reads).toHaveBeenCalledTimes(2);
  });

  it('serves a server that renders', () => {
    vi.stubGlobal('document', undefined);
    const initial = { id: 'a', version: 1, body: board };
    const html = renderToString(
      <VeloxProvider url="/api/">
        <Title source={{ initial }} />
      </VeloxProvider>,
    );
    expect(html).toBe('board idle ');
  });
});

it('names the missing source if there is neither a source nor a provider', () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  expect(() => render(<Title />)).toThrow(
    expect.objectContaining({
      code: 'bad-url',
      message: 'velox: a source has no URL. Pass one, or set one for all sources around it.',
    }),
  );
});
