import angular from 'angular';
import { describe, expectTypeOf, it } from 'vitest';
import { adapterBoundContract, type App } from '../../../core/test/contracts/adapter-bound-contract.js';
import velox, { type Scope, type VeloxService } from './angularjs.js';

adapterBoundContract('AngularJS', {
  mount(endpoint, onNotice) {
    const element = document.createElement('div');
    element.innerHTML = '{{ title }} {{ name }}';
    const injector = angular.bootstrap(element, [velox], { strictDi: true });
    const scope = injector.get<angular.IRootScopeService>('$rootScope');
    const bound = injector.get<VeloxService>('$velox').at<App>(endpoint);
    bound.bind(scope, 'board', 'title', (board) => board?.title);
    bound.bind(scope, 'items/7', 'name', (item) => (item === null ? 'none' : item?.name));
    bound.on(scope, 'notice', onNotice);
    return { element, unmount: () => scope.$destroy(), emit: (text) => bound.sync().emit('notice', text) };
  },
});

// Never called: only its types matter.
function compile(service: VeloxService, scope: Scope): void {
  const bound = service.at<App>('/sync');
  bound.bind(scope, 'items/7', 'item', (item) => {
    expectTypeOf(item).toEqualTypeOf<{ readonly name: string; readonly at: string } | undefined>();
    return item;
  });
  bound.on(scope, 'moved', ({ id }) => expectTypeOf(id).toEqualTypeOf<number>());
  expectTypeOf(bound.presence(scope, 'lobby', 'others', { x: 0 })).toEqualTypeOf<
    (mine: { readonly x: number }) => void
  >();
  // @ts-expect-error not a topic of the contract
  bound.bind(scope, 'bord', 'board');
}

describe('$velox.at', () => {
  it('infers topics, values and events from the contract', () => {
    expectTypeOf(compile).toBeFunction();
  });
});
