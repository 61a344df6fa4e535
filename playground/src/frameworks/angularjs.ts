import velox, { type Scope, type VeloxService } from '@velox/angular/angularjs';
import angular from 'angular';
import { formatShare, type Mount } from './list.js';

const TEMPLATE = `
  <ol class="list">
    <li ng-repeat="row in rows track by row.id">
      <span class="list-name">{{ row.name }}</span>
      <span class="list-share">{{ formatShare(row.cpu) }}</span>
    </li>
  </ol>`;

export const mount: Mount = (target, { source, select, equal }) => {
  target.innerHTML = TEMPLATE;
  const run = ($rootScope: Scope & Record<string, unknown>, $velox: VeloxService): void => {
    $rootScope.formatShare = formatShare;
    $velox.bind($rootScope, source, 'rows', select, equal);
  };
  angular.module('list', [velox]).run(['$rootScope', '$velox', run]);
  const injector = angular.bootstrap(target, ['list'], { strictDi: true });
  return () => {
    injector.get<Scope & { $destroy(): void }>('$rootScope').$destroy();
    angular.element(target).empty().removeData();
  };
};
