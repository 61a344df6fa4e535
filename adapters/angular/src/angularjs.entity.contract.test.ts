import angular from 'angular';
import { adapterEntityContract, type Item } from '../../../core/test/contracts/adapter-entity-contract.js';
import { textOf } from '../../../core/test/contracts/adapter-harness.js';
import velox, { type VeloxService } from './angularjs.js';

adapterEntityContract('AngularJS', {
  show(firstSource, first, select = (row) => row) {
    let source = firstSource;
    let id = first;
    const element = document.createElement('div');
    const injector = angular.injector(['ng', velox], true);
    const scope = injector.get<angular.IRootScopeService & { row?: unknown }>('$rootScope');
    injector.get<VeloxService>('$velox').bindEntity<Item, unknown>(
      scope,
      () => source,
      'items',
      () => id,
      'row',
      select,
    );
    scope.$watch(
      () => textOf(scope.row),
      (text) => (element.textContent = text),
    );
    scope.$digest();
    return {
      element,
      switchTo(next, nextSource = source) {
        id = next;
        source = nextSource;
        scope.$digest();
      },
      unmount: () => scope.$destroy(),
    };
  },
});
