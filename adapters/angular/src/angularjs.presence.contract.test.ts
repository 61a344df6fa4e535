import type { PresenceMembers } from '@velox/core';
import angular from 'angular';
import { inject } from 'vitest';
import {
  adapterPresenceContract,
  adapterPresenceServerContract,
  type PresenceHarness,
} from '../../../core/test/contracts/adapter-presence-contract.js';
import velox, { type VeloxService } from './angularjs.js';

const harness: PresenceHarness = {
  enter(source, first, initial, onShown) {
    let room = first;
    const injector = angular.injector(['ng', velox], true);
    const scope = injector.get<angular.IRootScopeService & { others?: PresenceMembers }>('$rootScope');
    const set = injector.get<VeloxService>('$velox').presence(scope, source, () => room, 'others', initial);
    scope.$watch('others', (others: PresenceMembers) => onShown(angular.copy(others)), true);
    scope.$digest();
    return {
      set,
      switchTo(next) {
        room = next;
        scope.$digest();
      },
      unmount: () => scope.$destroy(),
    };
  },
};

adapterPresenceContract('AngularJS', harness);
adapterPresenceServerContract('AngularJS', harness, inject('syncServer'));
