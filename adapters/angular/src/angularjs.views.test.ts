/** Rights that are granted and withdrawn, as a page of AngularJS shows them. */
import angular from 'angular';
import type { AnyContract } from '@velox/core/protocol';
import { createTestSync } from '@velox/server/testing';
import { expect, it } from 'vitest';
import velox, { type VeloxService } from './angularjs.js';

it('a granted right shows its fields immediately, and a withdrawn right takes them off in one digest', async () => {
  let role = 'guest';
  const test = await createTestSync<AnyContract, string>({ url: '/sync', authorize: () => 'ann' });
  const rows = [1, 2].map((id) => ({ id, name: `row ${id}`, secret: `secret ${id}` }));
  test.hub.state(
    'rows',
    { rows },
    {
      audience: () => role,
      view: ({ rows }, role) => ({
        rows: rows.map(({ id, name, secret }) => (role === 'admin' ? { id, name, secret } : { id, name })),
      }),
    },
  );
  const element = document.body.appendChild(document.createElement('div'));
  element.innerHTML = '<li ng-repeat="row in board.rows">{{ row.name }} {{ row.secret }}</li>';
  const injector = angular.bootstrap(element, [velox], { strictDi: true });
  const scope = injector.get<angular.IRootScopeService>('$rootScope');
  const shown: (string | null)[] = [];
  injector.get<VeloxService>('$velox').bind(scope, { url: '/sync', topic: 'rows' }, 'board');
  await test.advance();
  const items = [...element.querySelectorAll('li')];
  const watch = scope.$watch(() => void shown.push(element.textContent));
  expect(element.textContent).toBe('row 1 row 2 ');
  for (const next of ['admin', 'guest']) {
    role = next;
    void test.hub.recheck();
    await test.advance();
  }
  watch();
  const texts = shown.filter((text, at) => text !== shown[at - 1]);
  expect(texts).toEqual(['row 1 row 2 ', 'row 1 secret 1row 2 secret 2', 'row 1 row 2 ']);
  expect([...element.querySelectorAll('li')]).toEqual(items); // the same elements
  scope.$destroy();
  test.close();
  element.remove();
});
