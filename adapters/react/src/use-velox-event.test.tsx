import { connect } from '@velox/core';
import { act, cleanup, render } from '@testing-library/react';
import { useState } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFakeTransport } from '../../../core/src/testing/fake-transport.js';
import { useVeloxEvent, VeloxProvider } from './index.js';

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
  act(() => count());
  act(() => count());
  last().say({ event: 'notice', data: 'b', seq: 2 });
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
  expect(heard.mock.calls.map(([text]) => Number(text))).toEqual(
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  expect(rendered).toHaveBeenCalledOnce();
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
