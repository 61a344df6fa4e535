import '@angular/compiler';
import {
  Component,
  createComponent,
  provideZonelessChangeDetection,
  type ApplicationRef,
  type Signal,
} from '@angular/core';
import type { PresenceMembers } from '@velox/core';
import { createApplication } from '@angular/platform-browser';
import { afterEach, beforeEach, describe, expectTypeOf, it } from 'vitest';
import { adapterBoundContract, type App } from '../../../core/test/contracts/adapter-bound-contract.js';
import { createVelox, type VeloxFunctions } from './index.js';

let application: ApplicationRef;
beforeEach(async () => {
  application = await createApplication({ providers: [provideZonelessChangeDetection()] });
});
afterEach(() => application.destroy());

let bound: VeloxFunctions<App>;
let listener: (text: string) => void;

const Title = Component({ template: '{{ title() }} {{ name() }}' })(
  class {
    readonly title = bound.injectVelox('board', (board) => board?.title);
    readonly name = bound.injectEntity('items', 7, (item) => (item === null ? 'none' : item?.name));

    constructor() {
      bound.injectVeloxEvent('notice', listener);
    }
  },
);

adapterBoundContract('Angular', {
  mount(endpoint, onNotice) {
    bound = createVelox<App>(endpoint);
    listener = onNotice;
    const element = document.createElement('div');
    const component = createComponent(Title, {
      environmentInjector: application.injector,
      hostElement: element,
    });
    application.attachView(component.hostView);
    component.changeDetectorRef.detectChanges();
    const { sync } = bound;
    return { element, unmount: () => component.destroy(), emit: (text) => sync().emit('notice', text) };
  },
});

// Never called: only its types matter.
function compile(): void {
  const { injectVelox, injectVeloxEvent } = createVelox<App>('/sync');
  expectTypeOf(injectVelox('board', (board) => board?.rows.length)).toEqualTypeOf<
    Signal<number | undefined>
  >();
  expectTypeOf(injectVelox(() => 'items/7' as const)).toEqualTypeOf<
    Signal<{ readonly name: string; readonly at: string } | undefined>
  >();
  injectVeloxEvent('moved', ({ id }) => expectTypeOf(id).toEqualTypeOf<number>());
  const [others, setMine] = createVelox<App>('/sync').injectPresence('lobby', { x: 0 });
  expectTypeOf(others()).toEqualTypeOf<PresenceMembers<{ readonly nick: string }, { readonly x: number }>>();
  expectTypeOf(setMine).toEqualTypeOf<(mine: { readonly x: number }) => void>();
  // @ts-expect-error not a topic of the contract
  injectVelox('bord');
}

describe('createVelox', () => {
  it('infers topics, values and events from the contract', () => {
    expectTypeOf(compile).toBeFunction();
  });
});
