import angular from 'angular';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { board, play, type Board } from '../../../core/test/contracts/adapter-harness.js';
import velox, { type VeloxService } from './angularjs.js';

type AnyScope = angular.IRootScopeService & {
  board?: Board;
  vm?: { board?: unknown };
  [name: string]: unknown;
};

/** An application that shows `template`. It lists the calls of the service to its root scope. */
function setUp(template = '') {
  const server = play({ mount: () => expect.unreachable() });
  const element = document.body.appendChild(document.createElement('div'));
  element.innerHTML = template;
  const injector = angular.bootstrap(element, [velox], { strictDi: true });
  return {
    ...server,
    element,
    scope: injector.get<AnyScope>('$rootScope'),
    $velox: injector.get<VeloxService>('$velox'),
    rows: () => [...element.querySelectorAll('li')],
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(async () => {
  await vi.advanceTimersByTimeAsync(2_000);
  vi.useRealTimers();
  document.body.replaceChildren();
});

it('$velox.on hears an event, and digests', async () => {
  const { $velox, scope, element, options, say } = setUp('{{ notice }}');
  const stop = $velox.on<string>(scope, { url: '/events', ...options }, 'notice', (text) => {
    scope.notice = text;
  });
  await say({ event: 'notice', data: 'saved', seq: 1 });
  expect(element.textContent).toBe('saved');
  stop();
});

describe('$velox.bind', () => {
  const list = '<li ng-repeat="row in board.rows">{{ row.id }}:{{ row.n }}</li>';

  it('keeps the element of each row: changed, moved, pushed away, and in a new snapshot', async () => {
    const { $velox, scope, rows, replica, answer, say } = setUp(list);
    $velox.bind(scope, replica(), 'board');
    await answer();
    const [one, two] = rows();
    await say({
      version: 2,
      delta: true,
      body: [
        { op: 'replace', path: '/rows/0/n', value: 7 },
        { op: 'add', path: '/rows/0', value: { id: 3, n: 0 } },
        { op: 'move', from: '/rows/1', path: '/rows/2' },
      ],
    });
    expect(rows().map((row) => row.textContent)).toEqual(['3:0', '2:0', '1:7']);
    expect(rows().slice(1)).toEqual([two, one]);
    await say({
      id: 'b',
      version: 1,
      body: {
        title: 'b',
        rows: [
          { id: 1, n: 8 },
          { id: 4, n: 0 },
        ],
      },
    });
    expect(rows().map((row) => row.textContent)).toEqual(['1:8', '4:0']);
    expect(rows()[0]).toBe(one);
  });

  it('hands out copies, so changes by the application affect no other reader', async () => {
    const { $velox, scope, replica, answer, title } = setUp(list);
    $velox.bind(scope, replica(), 'board');
    await answer();
    expect(angular.equals(scope.board, board)).toBe(true); // equals ignores $$hashKey
    (scope.board?.rows[0] as { n: number }).n = 99;
    expect(replica().get()).toEqual(board);
    await title('new');
    expect(scope.board?.rows[0]?.n).toBe(99); // until the server changes that row
  });

  it('takes over the object that is there, its $ keys too', async () => {
    const { $velox, scope, replica, answer } = setUp();
    const mine = { $editing: true, title: 'loading' };
    scope.vm = { board: mine };
    $velox.bind(scope, replica(), 'vm.board');
    expect(scope.vm.board).toEqual({ $editing: true, title: 'loading' });
    await answer();
    expect(scope.vm.board).toBe(mine);
    expect(mine).toEqual({ ...board, $editing: true });
  });

  it('leaves an object alone that the scope inherits from another one', async () => {
    const { $velox, scope, replica, answer } = setUp();
    const child = scope.$new() as AnyScope;
    $velox.bind(scope, replica(), 'board');
    $velox.bindStatus(scope, replica(), 'status');
    await answer();
    const { status } = scope;
    $velox.bind(child, replica('other'), 'board');
    $velox.bindStatus(child, replica('secret'), 'status');
    expect(child.board).toBe(scope.board); // until a value arrives
    await answer({ ...board, title: 'other' }, 'other');
    expect([scope.board?.title, child.board?.title]).toEqual(['board', 'other']);
    expect(scope.status).toBe(status);
    expect(status).toMatchObject({ stale: false });
    expect(child.status).toMatchObject({ stale: true });
    child.$destroy();
  });

  it('digests once for all changes of one frame', async () => {
    const { $velox, scope, replica, answer, title } = setUp();
    for (const name of ['a', 'b', 'c']) $velox.bind(scope, replica(), name);
    $velox.bindStatus(scope, replica(), 'status');
    await answer();
    let digests = 0;
    scope.$watch(() => {
      digests++;
    });
    await vi.advanceTimersByTimeAsync(0);
    const digest = vi.spyOn(scope, '$digest');
    digests = 0;
    await title('x', 'y');
    expect(digest).toHaveBeenCalledOnce();
    expect(digests).toBeLessThanOrEqual(2);
    expect((scope.c as Board).title).toBe('y');
  });

  it('subscribes once to a source that stays', async () => {
    const { $velox, scope, replica, answer } = setUp();
    const subscribe = vi.fn(replica().subscribe);
    const source = { ...replica(), subscribe };
    const unbind = $velox.bind(scope, () => source, 'board');
    scope.$digest();
    await answer();
    expect(subscribe).toHaveBeenCalledOnce();
    unbind();
  });

  it('ends with its scope, and by the function that it returns', async () => {
    const { $velox, scope, replica, answer, title, last } = setUp();
    const child = scope.$new();
    $velox.bind(child, replica(), 'board');
    const unbind = $velox.bind(scope, replica(), 'board');
    await answer();
    child.$destroy();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(last().closed).toBe(false);
    unbind();
    await title('unheard');
    expect(scope.board?.title).toBe('board');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(last().closed).toBe(true);
  });
});
