import type { PresenceMembers } from '@velox/core';
import { flushSync, mount, unmount } from 'svelte';
import { describe, expectTypeOf, it } from 'vitest';
import { adapterBoundContract, type App } from '../../../core/test/contracts/adapter-bound-contract.js';
import Bound from './bound.test.svelte';
import { createVelox } from './index.js';

adapterBoundContract('Svelte', {
  mount(endpoint, onNotice) {
    const bound = createVelox<App>(endpoint);
    const element = document.createElement('div');
    const component = mount(Bound, { target: element, props: { bound, onNotice } });
    flushSync();
    return {
      element,
      unmount: () => void unmount(component),
      emit: (text) => bound.sync().emit('notice', text),
    };
  },
});

// Never called: only its types matter.
function compile(): void {
  const { velox, veloxEvent } = createVelox<App>('/sync');
  expectTypeOf(velox('board', (board) => board?.rows.length).current).toEqualTypeOf<number | undefined>();
  expectTypeOf(velox(() => 'items/7' as const).current).toEqualTypeOf<
    { readonly name: string; readonly at: string } | undefined
  >();
  veloxEvent('moved', ({ id }) => expectTypeOf(id).toEqualTypeOf<number>());
  const [others, setMine] = createVelox<App>('/sync').veloxPresence(() => 'lobby' as const, { x: 0 });
  expectTypeOf(others.current).toEqualTypeOf<
    PresenceMembers<{ readonly nick: string }, { readonly x: number }>
  >();
  expectTypeOf(setMine).toEqualTypeOf<(mine: { readonly x: number }) => void>();
  // @ts-expect-error not a topic of the contract
  velox('bord');
}

describe('createVelox', () => {
  it('infers topics, values and events from the contract', () => {
    expectTypeOf(compile).toBeFunction();
  });
});
