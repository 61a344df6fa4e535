import { connect } from '@velox/core';
import { act, cleanup, render } from '@testing-library/react';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFakeTransport } from '../../../core/src/testing/fake-transport.js';
import { useVelox, useVeloxEvent, VeloxProvider } from './index.js';

interface App {
  topics: { board: object };
  events: { chat: { text: string }; notice: string };
}

function setUp() {
  const fake = createFakeTransport();
  const sync = connect<App>('http://h/sync', { transports: [fake.transport] });
  return { ...fake, sync };
}
const tick = () => act(() => vi.advanceTimersByTimeAsync(0));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('calls the newest handler, by one subscription', async () => {
  const { sync, last } = setUp();
  const on = vi.fn(sync.on) as unknown as typeof sync.on;
  const source = { ...sync, on };
  const seen: string[] = [];
  let count: () => void = () => {};
  const Counts = () => {
    const [n, setN] = useState(0);
    count = () => setN(n + 1);
    useVeloxEvent(source, 'notice', (text) => seen.push(`${n} ${text}`));
    return null;
  };
  render(<Counts />);
  await tick();
  last().hello();
  last().say({ event: 'notice', data: 'a', seq: 1 });
  await tick();
  act(() => count());
  act(() => count());
  last().say({ event: 'notice', data: 'b', seq: 2 });
  await tick();
  expect(seen).toEqual(['0 a', '2 b']);
  expect(on).toHaveBeenCalledOnce();
});

it('renders nothing and delivers every event of a burst', async () => {
  const { sync, last } = setUp();
  const [rendered, heard] = [vi.fn(), vi.fn()];
  const Hears = () => {
    rendered();
    useVeloxEvent(sync, 'chat', ({ text }) => heard(text));
    return null;
  };
  render(<Hears />);
  await tick();
  last().hello();
  act(() => {
    for (let seq = 1; seq <= 100; seq++) last().say({ event: 'chat', data: { text: `${seq}` }, seq });
  });
  await tick();
  expect(heard.mock.calls.map(([text]) => Number(text))).toEqual(
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  expect(rendered).toHaveBeenCalledOnce();
});

it('calls the listener after the component has rendered the changes that precede the event', async () => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false); // `act` would delay the rendering
  const { sync, last } = setUp();
  const board = sync.replica('board');
  const seen: unknown[] = [];
  const Rows = () => {
    const rows = useVelox(board) as readonly string[] | undefined;
    useVeloxEvent(sync, 'notice', (row) => seen.push([row, rows?.includes(row)]));
    return null;
  };
  const root = createRoot(document.createElement('div'));
  root.render(<Rows />);
  await vi.waitFor(() => expect(last().sent).toHaveLength(2));
  last().hello();
  last().say({ topic: 'board', id: 'a', version: 1, body: ['a'] }, { event: 'notice', data: 'a', seq: 1 });
  last().say(
    { topic: 'board', version: 2, delta: true, body: [{ op: 'add', path: '/-', value: 'b' }] },
    { event: 'notice', data: 'b', seq: 2 },
    { topic: 'board', version: 3, delta: true, body: [{ op: 'add', path: '/-', value: 'c' }] },
    { event: 'notice', data: 'c', seq: 3 },
  );
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual([
    ['a', true],
    ['b', true],
    ['c', true],
  ]);
  root.unmount();
});

it('calls no listener after its component has left, and reports the error of a listener', async () => {
  const reportError = vi.fn();
  vi.stubGlobal('reportError', reportError);
  const { sync, last } = setUp();
  const heard = vi.fn(() => {
    throw new Error('a listener');
  });
  const Hears = () => {
    useVeloxEvent(sync, 'notice', heard);
    return null;
  };
  const { unmount } = render(<Hears />);
  await tick();
  last().hello();
  last().say({ event: 'notice', data: 'a', seq: 1 });
  await tick();
  expect(heard.mock.calls).toEqual([['a']]);
  expect(reportError.mock.calls).toEqual([[new Error('a listener')]]);
  last().say({ event: 'notice', data: 'b', seq: 2 });
  unmount();
  await tick();
  expect(heard).toHaveBeenCalledOnce();
});

it('takes the URL and the options of a provider', async () => {
  const { transport, last } = createFakeTransport();
  const heard = vi.fn();
  const Hears = () => {
    useVeloxEvent(undefined, 'notice', heard);
    return null;
  };
  render(
    <VeloxProvider url="/provided-events" transports={[transport]}>
      <Hears />
    </VeloxProvider>,
  );
  await tick();
  last().hello();
  last().say({ event: 'notice', data: 1, seq: 1 });
  await tick();
  expect(heard.mock.calls).toEqual([[1]]);
  expect(last().attempt.url).toBe(new URL('/provided-events', document.baseURI).href);
});

it('does nothing during server rendering', async () => {
  const { sync, links } = setUp();
  const Hears = () => {
    useVeloxEvent(sync, 'notice', () => {});
    useVeloxEvent('/sync', 'notice', () => {});
    return 'rendered';
  };
  vi.stubGlobal('document', undefined);
  expect(renderToString(<Hears />)).toBe('rendered');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(links).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

it('is typed by the contract', () => {
  const { sync } = setUp();
  const Types = () => {
    useVeloxEvent(sync, 'chat', ({ text }) => text.length);
    useVeloxEvent('/sync', 'chat', ({ text }: { text: string }) => text.length);
    useVeloxEvent<string>({ url: '/sync' }, 'notice', (text) => text.length);
    // @ts-expect-error -- there is no such event
    useVeloxEvent(sync, 'chta', () => {});
    // @ts-expect-error -- it carries something else
    useVeloxEvent(sync, 'notice', ({ text }: { text: string }) => text.length);
    return null;
  };
  vi.stubGlobal('document', undefined);
  expect(renderToString(<Types />)).toBe('');
});
