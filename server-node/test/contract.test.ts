/** Code that a contract lets compile on either side; `tsc` checks the lines that must not. */
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

  interface Rows {
    rows: { id: number; price: number; owner: string }[];
  }
  const all: Rows = { rows: [] };
  const viewed = hub.state('board', all, {
    throttle: 50,
    audience: (user) => ({ owner: user.id }),
    view: ({ rows }, audience) => {
      expectTypeOf(audience).toEqualTypeOf<{ owner: string }>();
      return { rows: velox.each(rows, audience, ({ id, price }) => ({ id, price })) };
    },
  });
  viewed.update((draft) => void draft.rows.push({ id: 1, price: 2, owner: 'ann' }));
  expectTypeOf(viewed.snapshot({ owner: 'ann' }).body).toEqualTypeOf<Board>();
  // @ts-expect-error a snapshot is of an audience
  viewed.snapshot();
  // @ts-expect-error not an audience
  viewed.snapshot('ann');
  // @ts-expect-error a view sees the audience, and not the client
  hub.state('board', all, { audience: (user) => user.id, view: (_, me: User) => ({ rows: [], me }) });
  // @ts-expect-error not what the topic's clients expect
  hub.state('board', all, { view: ({ rows }) => rows });
  // @ts-expect-error the value is read-only
  hub.state('board', all, { view: ({ rows }) => ({ rows: rows.reverse() }) });

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
