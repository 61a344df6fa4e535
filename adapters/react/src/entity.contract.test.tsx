import { act } from '@testing-library/react';
import type { EntitySource } from '@velox/core';
import { StrictMode, Suspense, type FunctionComponent, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { expect, it, vi } from 'vitest';
import {
  adapterEntityContract,
  type EntityHarness,
  type Id,
  type Item,
} from '../../../core/test/contracts/adapter-entity-contract.js';
import { play, textOf } from '../../../core/test/contracts/adapter-harness.js';
import { useEntity, useSuspenseEntity } from './index.js';

const harness = (Wrapper: FunctionComponent<{ children: ReactNode }>): EntityHarness => ({
  show(firstSource, first, select = (row) => row) {
    const Row = ({ source, id }: { source: EntitySource; id: Id }) =>
      textOf(useEntity<Item, unknown>(source, 'items', id, select));
    const element = document.createElement('div');
    const root = createRoot(element);
    const switchTo = (id: Id, source = firstSource) =>
      act(() =>
        root.render(
          <Wrapper>
            <Row source={source} id={id} />
          </Wrapper>,
        ),
      );
    switchTo(first);
    return { element, switchTo, unmount: () => act(() => root.unmount()) };
  },
  act,
});

adapterEntityContract(
  'React',
  harness(({ children }) => children),
);
adapterEntityContract('React in StrictMode', harness(StrictMode));

it('useSuspenseEntity suspends until the row arrives, and shows null for a row that does not exist', async () => {
  vi.useFakeTimers();
  const server = play({ mount: () => expect.unreachable(), act });
  const source = { url: 'http://h/suspended', ...server.options };
  const Row = ({ id }: { id: number }) => textOf(useSuspenseEntity<Item>(source, 'items', id));
  const element = document.createElement('div');
  const root = createRoot(element);
  const show = (id: number): Promise<void> =>
    act(async () => {
      root.render(
        <Suspense fallback="waiting">
          <Row key={id} id={id} />
        </Suspense>,
      );
      await Promise.resolve();
    });
  await show(7);
  expect(element.textContent).toBe('waiting');
  await server.say({ topic: 'items/7', id: 'a', version: 1, body: { name: 'Lamp', price: 2 } });
  expect(element.textContent).toBe('{"name":"Lamp","price":2}');
  await show(8);
  await server.say({ topic: 'items/8', id: 'b', version: 1, body: null });
  expect(element.textContent).toBe('null');
  act(() => root.unmount());
  vi.useRealTimers();
});
