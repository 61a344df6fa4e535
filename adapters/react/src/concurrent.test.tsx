import { createConnection } from '@velox/core';
import { startTransition, useLayoutEffect, useState, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { board, type Board } from '../../../core/test/contracts/adapter-harness.js';
import { createFakeTransport } from '../../../core/src/testing/fake-transport.js';
import { useVelox } from './index.js';

// React's own scheduler, in real time: within `act` it renders without a pause.
beforeAll(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false);
  vi.stubGlobal('requestAnimationFrame', undefined); // frames are shown immediately
});
afterAll(() => void vi.unstubAllGlobals());

/** Keeps the thread for longer than React renders in one go (5 ms). */
function work(): void {
  const end = performance.now() + 6;
  while (performance.now() < end);
}

it('never commits two versions if a change arrives during a rendering', async () => {
  const { transport, last } = createFakeTransport();
  const replica = createConnection({ url: 'http://h/', transports: [transport] }).replica<Board>();
  const rendered: (string | undefined)[] = [];
  const committed: string[] = [];
  let onRender = (): void => {};
  const Title = (): ReactNode => {
    const title = useVelox(replica, (value) => value?.title);
    rendered.push(title);
    work();
    onRender();
    return title;
  };
  const element = document.createElement('div');
  let grow: (size: number) => void = () => {};
  const App = (): ReactNode => {
    const [size, setSize] = useState(1);
    grow = setSize;
    useLayoutEffect(() => void committed.push(element.textContent));
    return Array.from({ length: size }, (_, at) => <Title key={at} />);
  };
  const root = createRoot(element);
  root.render(<App />);
  await vi.waitFor(() => expect(last().sent).toHaveLength(2));
  last().hello();
  last().say({ id: 'a', version: 1, body: { ...board, title: 'a' } });
  await vi.waitFor(() => expect(element.textContent).toBe('a'));

  rendered.length = committed.length = 0;
  const before = await new Promise<number>((resolve) => {
    onRender = () => {
      if (rendered.length !== 5) return;
      setTimeout(() => {
        resolve(rendered.length);
        const body = [{ op: 'replace', path: '/title', value: 'b' } as const];
        last().say({ version: 2, delta: true, body });
      });
    };
    startTransition(() => grow(20));
  });
  expect(before).toBeLessThan(20); // in the middle of it
  await vi.waitFor(() => expect(element.textContent).toBe('b'.repeat(20)));
  expect(rendered.slice(0, before)).toEqual(Array(before).fill('a'));
  expect(committed.map((text) => new Set(text).size)).toEqual(committed.map(() => 1));
  root.unmount();
});
