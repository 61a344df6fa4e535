/** What a contract lets compile on either side; `tsc` checks the lines that must not. */
import { connect, type Replica } from '@velox/core';
import { describe, expectTypeOf, it } from 'vitest';
import * as velox from './index.js';

interface Board {
  rows: { id: number; price: number }[];
}
interface Item {
  name: string;
}
interface App {
  topics: { board: Board; [item: `items/${string}`]: Item };
}
interface User {
  id: string;
}

// Never called: only its types matter.
function compile(): void {
  const hub = velox.createHub<App, User>({
    authorize: ({ token }) => ({ id: token ?? '' }),
    canSubscribe: ({ id }, topic) => topic === 'board' || id === 'ann',
    identify: (user) => user.id,
  });
  const board = hub.state('board', { rows: [] });
  expectTypeOf(board).toEqualTypeOf<velox.State<Board>>();
  board.update((draft) => void draft.rows.push({ id: 1, price: 2 }));
  expectTypeOf(hub.state('items/7', { name: 'seven' })).toEqualTypeOf<velox.State<Item>>();
  void hub.recheck((user, topic) => user.id === topic);

  // @ts-expect-error not a topic of the contract
  hub.state('bord', { rows: [] });
  // @ts-expect-error not the value of this topic
  hub.state('board', { name: 'seven' });
  // @ts-expect-error a template literal is a pattern, too
  hub.state('item/7', { name: 'seven' });
  // @ts-expect-error a string is no price
  board.update((draft) => void draft.rows.push({ id: 1, price: '2' }));
  // @ts-expect-error what get() gives is read-only
  board.get().rows.push({ id: 1, price: 2 });

  const sync = connect<App>('/sync');
  expectTypeOf(sync.replica('board')).toEqualTypeOf<Replica<Board>>();
  expectTypeOf(sync.replica('items/7').get()).toEqualTypeOf<Item | undefined>();
  // @ts-expect-error not a topic of the contract
  sync.replica('bord');
  // @ts-expect-error this contract has no default topic
  sync.replica();

  const any = connect('/sync');
  expectTypeOf(any.replica<Board>()).toEqualTypeOf<Replica<Board>>();
  expectTypeOf(any.replica<Board>('board')).toEqualTypeOf<Replica<Board>>();
  expectTypeOf(velox.createHub().state('any', { n: 1 })).toEqualTypeOf<velox.State<{ n: number }>>();
}

describe('a contract', () => {
  it('gives names and values on both sides', () => {
    expectTypeOf(compile).toBeFunction();
  });
});
