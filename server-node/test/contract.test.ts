/** What a contract lets compile on either side; `tsc` checks the lines that must not. */
import { connect, type Replica } from '@velox/core';
import { describe, expectTypeOf, it } from 'vitest';
import * as velox from '../src/index.js';

interface Board {
  rows: { id: number; price: number }[];
}
interface Item {
  name: string;
}
interface App {
  topics: { board: Board; [item: `items/${string}`]: Item };
  events: { chat: { text: string }; done: number };
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

  hub.on('chat', (session, { text }) => {
    expectTypeOf(session.context).toEqualTypeOf<User>();
    session.emit('done', text.length);
    // @ts-expect-error not what this event carries
    session.emit('done', text);
  });
  // @ts-expect-error not an event of the contract
  hub.on('chatt', () => {});

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
  sync.emit('chat', { text: 'hi' });
  sync.on('done', (count) => expectTypeOf(count).toEqualTypeOf<number>());
  // @ts-expect-error not an event of the contract
  sync.emit('chatt', { text: 'hi' });
  // @ts-expect-error not what this event carries
  sync.emit('done', 'hi');

  // @ts-expect-error not a topic of the contract
  sync.replica('bord');
  // @ts-expect-error this contract has no default topic
  sync.replica();

  const any = connect('/sync');
  any.emit('whatever', { n: 1 });
  any.on('whatever', (data) => expectTypeOf(data).toEqualTypeOf<unknown>());
  velox.createHub().on('whatever', (session, data) => session.emit('back', data));
  expectTypeOf(any.replica<Board>()).toEqualTypeOf<Replica<Board>>();
  expectTypeOf(any.replica<Board>('board')).toEqualTypeOf<Replica<Board>>();
  expectTypeOf(velox.createHub().state('any', { n: 1 })).toEqualTypeOf<velox.State<{ n: number }>>();
}

describe('a contract', () => {
  it('gives names and values on both sides', () => {
    expectTypeOf(compile).toBeFunction();
  });
});
