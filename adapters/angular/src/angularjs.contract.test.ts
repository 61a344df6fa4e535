import angular from 'angular';
import { inject } from 'vitest';
import { adapterContract } from '../../../core/test/contracts/adapter-contract.js';
import {
  adapterEventContract,
  type EventHarness,
} from '../../../core/test/contracts/adapter-event-contract.js';
import { textOf, type AdapterHarness } from '../../../core/test/contracts/adapter-harness.js';
import {
  adapterEventServerContract,
  adapterServerContract,
} from '../../../core/test/contracts/adapter-server-contract.js';
import velox, { type VeloxService } from './angularjs.js';

const harness: AdapterHarness = {
  mount({ source, status, select, equal, onRender, onError }) {
    let current = source;
    const element = document.body.appendChild(document.createElement('div'));
    element.innerHTML = '{{ text() }}';
    angular
      .module('contract', [velox])
      .factory('$exceptionHandler', () => (error: unknown) => onError?.(error))
      .run([
        '$rootScope',
        '$velox',
        (scope: angular.IRootScopeService & Record<string, unknown>, $velox: VeloxService) => {
          if (status) $velox.bindStatus(scope, () => current, 'shown');
          else $velox.bind(scope, () => current, 'shown', select ?? ((value) => value), equal);
          scope.text = () => textOf(scope.shown);
          scope.$watch('text()', () => onRender?.(scope.shown));
        },
      ]);
    const injector = angular.bootstrap(element, ['contract'], { strictDi: true });
    const scope = injector.get<angular.IRootScopeService>('$rootScope');
    return {
      element,
      switchTo(next) {
        current = next;
        scope.$digest();
      },
      unmount() {
        scope.$destroy();
        element.remove();
      },
    };
  },
};

adapterContract('AngularJS', harness);

const events: EventHarness = {
  hear(first, onNotice) {
    let source = first;
    const injector = angular.injector(['ng', velox], true);
    const scope = injector.get<angular.IRootScopeService>('$rootScope');
    injector.get<VeloxService>('$velox').on(scope, () => source, 'notice', onNotice);
    return {
      switchTo(next) {
        source = next;
        scope.$digest();
      },
      unmount: () => scope.$destroy(),
    };
  },
};

adapterEventContract('AngularJS', events);
adapterEventServerContract('AngularJS', events, inject('syncServer'));
adapterServerContract('AngularJS', harness, inject('syncServer'));
