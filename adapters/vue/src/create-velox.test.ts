import type { PresenceMembers } from '@velox/core';
import { describe, expectTypeOf, it } from 'vitest';
import { createApp, defineComponent, h } from 'vue';
import { adapterBoundContract, type App } from '../../../core/test/contracts/adapter-bound-contract.js';
import { createVelox } from './index.js';

adapterBoundContract('Vue', {
  mount(endpoint, onNotice) {
    const { useVelox, useEntity, useVeloxEvent, sync } = createVelox<App>(endpoint);
    const Title = defineComponent(() => {
      useVeloxEvent('notice', onNotice);
      const title = useVelox(
        () => 'board' as const,
        (board) => board?.title,
      );
      const name = useEntity('items', 7, (item) => (item === null ? 'none' : item?.name));
      return () => h('p', `${title.value} ${name.value}`);
    });
    const element = document.createElement('div');
    const app = createApp(Title);
    app.mount(element);
    return { element, unmount: () => app.unmount(), emit: (text) => sync().emit('notice', text) };
  },
});

// Never called: only its types matter.
function compile(): void {
  const { useVelox, useVeloxEvent } = createVelox<App>('/sync');
  expectTypeOf(useVelox('board', (board) => board?.rows.length).value).toEqualTypeOf<number | undefined>();
  expectTypeOf(useVelox('items/7').value).toEqualTypeOf<
    { readonly name: string; readonly at: string } | undefined
  >();
  useVeloxEvent('moved', ({ id }) => expectTypeOf(id).toEqualTypeOf<number>());
  const [others, setMine] = createVelox<App>('/sync').usePresence('lobby', { x: 0 });
  expectTypeOf(others.value).toEqualTypeOf<
    PresenceMembers<{ readonly nick: string }, { readonly x: number }>
  >();
  expectTypeOf(setMine).toEqualTypeOf<(mine: { readonly x: number }) => void>();
  // @ts-expect-error not a topic of the contract
  useVelox('bord');
}

describe('createVelox', () => {
  it('infers topics, values and events from the contract', () => {
    expectTypeOf(compile).toBeFunction();
  });
});
