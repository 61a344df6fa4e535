import { act, render } from '@testing-library/react';
import {
  connect,
  defineContract,
  type ContractOf,
  type PresenceMembers,
  type Status,
  type Sync,
} from '@velox/core';
import { createRoot } from 'react-dom/client';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { z } from 'zod';
import { adapterBoundContract, type App } from '../../../core/test/contracts/adapter-bound-contract.js';
import { createFakeTransport } from '../../../core/src/testing/fake-transport.js';
import {
  createVelox,
  shallow,
  usePresence as usePresenceOf,
  useSync as useSyncOf,
  VeloxProvider,
} from './index.js';

adapterBoundContract('React', {
  act: (run) => act(run),
  mount(endpoint, onNotice) {
    const { useVelox, useEntity, useVeloxEvent, sync } = createVelox<App>(endpoint);
    function Title(): string | undefined {
      useVeloxEvent('notice', onNotice);
      const title = useVelox('board', (board) => board?.title);
      const name = useEntity('items', 7, (item) => (item === null ? 'none' : item?.name));
      return `${title} ${name}`;
    }
    const element = document.createElement('div');
    const root = createRoot(element);
    act(() => root.render(<Title />));
    return {
      element,
      unmount: () => act(() => root.unmount()),
      emit: (text) => sync().emit('notice', text),
    };
  },
});

// Never rendered: only its types matter.
function Types(): null {
  const { useVelox, useSuspenseVelox, useVeloxStatus, useVeloxEvent } = createVelox<App>('/sync');
  expectTypeOf(useVelox('board', (board) => board?.rows.length)).toEqualTypeOf<number | undefined>();
  expectTypeOf(useVelox('board', (board) => board?.rows.map((row) => row.id), shallow)).toEqualTypeOf<
    number[] | undefined
  >();
  expectTypeOf(useVelox('items/7')).toEqualTypeOf<
    { readonly name: string; readonly at: string } | undefined
  >();
  expectTypeOf(useSuspenseVelox('board').title).toEqualTypeOf<string>();
  expectTypeOf(useVeloxStatus('board')).toEqualTypeOf<Status>();
  useVeloxEvent('moved', ({ id }) => expectTypeOf(id).toEqualTypeOf<number>());
  // @ts-expect-error not a topic of the contract
  useVelox('bord');
  expectTypeOf(createVelox<App>('/sync').useEntity('items', undefined)).toEqualTypeOf<
    { readonly name: string; readonly at: string } | null | undefined
  >();
  // @ts-expect-error not an event of the contract
  useVeloxEvent('notise', () => {});
  expectTypeOf(useSuspenseVelox('board').rows).toExtend<readonly unknown[]>();
  expectTypeOf(useSuspenseVelox('board').rows).not.toExtend<unknown[]>();
  const { usePresence } = createVelox<App>('/sync');
  expectTypeOf(usePresence('lobby', { x: 0 })).toEqualTypeOf<
    [
      PresenceMembers<{ readonly nick: string }, { readonly x: number }>,
      (mine: { readonly x: number }) => void,
    ]
  >();
  expectTypeOf(usePresenceOf(connect<App>('/sync'), 'lobby', 1)[1]).toEqualTypeOf<(mine: number) => void>();
  // @ts-expect-error not the data of the room
  usePresence('lobby', { y: 0 });
  const { useSync } = createVelox<App>('/sync');
  expectTypeOf(useSync()).toEqualTypeOf<Sync<App>>();
  expectTypeOf(useSyncOf()).toEqualTypeOf<Sync>();
  expectTypeOf(useSyncOf<App>('/sync')).toEqualTypeOf<Sync<App>>();
  expectTypeOf(usePresence('other', 1)[0]).toEqualTypeOf<PresenceMembers>();
  return null;
}

const app = defineContract({
  topics: { board: z.object({ title: z.string() }), 'items/:id': z.object({ n: z.number() }) },
  events: { chat: z.object({ text: z.string() }) },
});

// Never rendered: only its types matter.
function CheckedTypes(): null {
  const { useVelox, useEntity, useVeloxEvent } = createVelox<ContractOf<typeof app>>('/sync');
  expectTypeOf(useVelox('board', (board) => board?.title)).toEqualTypeOf<string | undefined>();
  expectTypeOf(useEntity('items', 7)).toEqualTypeOf<{ readonly n: number } | null | undefined>();
  useVeloxEvent('chat', ({ text }) => expectTypeOf(text).toEqualTypeOf<string>());
  // @ts-expect-error not a topic of the contract
  useVelox('bord');
  // @ts-expect-error not an event of the contract
  useVeloxEvent('chatt', () => {});
  return null;
}

describe('createVelox', () => {
  it('gives components the connection of their provider to send events', async () => {
    vi.useFakeTimers();
    const { transport, links, last } = createFakeTransport();
    const { useVelox, useSync } = createVelox<App>('/bound');
    const Chat = () => {
      const sync = useSync();
      const title = useVelox('board', (board) => board?.title);
      return <button onClick={() => sync.emit('notice', 'hi')}>{title}</button>;
    };
    const { container, unmount } = render(
      <VeloxProvider url="https://api.example/" identity="ann" transports={[transport]}>
        <Chat />
      </VeloxProvider>,
    );
    const pass = () => act(() => vi.advanceTimersByTimeAsync(200));
    await pass();
    last().hello();
    container.querySelector('button')?.click();
    await pass();
    expect(last().attempt.url).toBe('https://api.example/bound');
    expect(last().sent).toContainEqual(expect.objectContaining({ event: 'notice', data: 'hi' }));
    expect(links).toHaveLength(1);
    unmount();
    vi.useRealTimers();
  });

  it('infers topics, values and events from the contract', () => {
    expectTypeOf(Types).toBeFunction();
  });

  it('infers them from a contract of schemas', () => {
    expectTypeOf(app).toBeObject();
    expectTypeOf(CheckedTypes).toBeFunction();
  });
});
