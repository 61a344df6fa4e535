/** Code that a contract lets compile on either side; `tsc` checks the lines that must not. */
import { connect, defineContract, type Replica } from '@velox/core';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
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

  hub.on('chat', (_, data) => expectTypeOf(data).toEqualTypeOf<unknown>());
  hub.on('chat', z.object({ text: z.string() }), (session, { text }) => {
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

const app = defineContract({
  topics: { board: z.object({ title: z.string() }), 'items/:id/:part': z.object({ name: z.string() }) },
  events: {
    chat: z.object({ text: z.string() }),
    at: z.object({ when: z.iso.datetime().transform((text) => new Date(text)) }),
    valibot: v.object({ n: v.pipe(v.string(), v.transform(Number)) }),
    arktype: type({ n: 'string.numeric.parse' }),
  },
  calls: { rename: [z.string().transform((name) => name.length), z.number().transform((n) => `${n}`)] },
  rooms: z.enum(['lobby', 'game']),
});
type Checked = velox.ContractOf<typeof app>;

// Never called: only its types matter.
function compileChecked(): void {
  const hub = velox.createHub({
    contract: app,
    authorize: ({ token }): User => ({ id: token ?? '' }),
    canSubscribe: ({ id }, topic) => topic === id,
  });
  expectTypeOf(hub).toEqualTypeOf<velox.Hub<Checked, User>>();
  hub.on('chat', (session, data) => {
    expectTypeOf(session.context).toEqualTypeOf<User>();
    expectTypeOf(data).toEqualTypeOf<{ text: string }>();
  });
  // The handler receives the output of the schema, and the sender passes its input.
  hub.on('at', (_, { when }) => expectTypeOf(when).toEqualTypeOf<Date>());
  hub.on('valibot', (_, { n }) => expectTypeOf(n).toEqualTypeOf<number>());
  hub.on('arktype', (_, { n }) => expectTypeOf(n).toEqualTypeOf<number>());
  hub.on({ chat: (_, { text }) => expectTypeOf(text).toEqualTypeOf<string>() });
  hub.emit('at', { when: '2026-01-01T00:00:00Z' });
  // @ts-expect-error the schema takes a text
  hub.emit('at', { when: new Date() });
  // @ts-expect-error not an event of the contract
  hub.on('chatt', () => {});
  hub.answer('rename', (_, length) => {
    expectTypeOf(length).toEqualTypeOf<number>();
    return length;
  });
  // @ts-expect-error not the result that the schema of the reply takes
  hub.answer('rename', (_, length) => `${length}`);
  // @ts-expect-error not a call of the contract
  hub.answer('renam', () => 1);
  hub.state('items/7/head', { name: 'seven' });
  // @ts-expect-error a parameter is missing
  hub.state('items/7', { name: 'seven' });
  // @ts-expect-error not the value of this topic
  hub.state('board', { name: 'seven' });
  // @ts-expect-error not a room of the contract
  hub.to('loby');
  // A further schema gets the output of the contract's.
  hub.on('at', z.object({ when: z.date() }), (_, { when }) => expectTypeOf(when).toEqualTypeOf<Date>());
  // @ts-expect-error the output of the contract's schema is a Date
  hub.on('at', z.object({ when: z.number() }), () => {});
  // @ts-expect-error the contract has schemas, so the hub needs its value
  velox.createHub<Checked>();
  expectTypeOf(velox.createHub<Checked, User>({ contract: app })).toEqualTypeOf<velox.Hub<Checked, User>>();

  const sync = connect<Checked>('/sync');
  sync.on('at', ({ when }) => expectTypeOf(when).toEqualTypeOf<string>());
  expectTypeOf(sync.call('rename', 'Ann')).toEqualTypeOf<Promise<string>>();
  // @ts-expect-error the schema takes a text
  void sync.call('rename', 7);
  // @ts-expect-error not a topic of the contract
  sync.replica('bord');
  // @ts-expect-error not a room of the contract
  sync.join('loby');
  sync.answer('rename', (name) => name.length);
  // @ts-expect-error not an event of the contract
  sync.emit('chatt', { text: 'hi' });

  // @ts-expect-error a call has two schemas
  defineContract({ calls: { rename: z.string() } });
  // @ts-expect-error no schema
  defineContract({ events: { chat: { text: 'string' } } });

  const typed = velox.createHub<App>();
  typed.once('done', z.int(), (_, count) => expectTypeOf(count).toEqualTypeOf<number>());
  // @ts-expect-error a schema for other data than the contract declares
  typed.on('done', z.string(), () => {});
  const any = velox.createHub();
  any.on('any', type('string'), (_, text) => expectTypeOf(text).toEqualTypeOf<string>());
  any.answer('any', v.number(), (_, n) => expectTypeOf(n).toEqualTypeOf<number>());
  any.answer('other', (_, data) => expectTypeOf(data).toEqualTypeOf<unknown>());
}

describe('a contract', () => {
  it('gives names and values on both sides', () => {
    expectTypeOf(compile).toBeFunction();
  });

  it('with schemas gives the data of handlers, and the input of senders', () => {
    expectTypeOf(compileChecked).toBeFunction();
  });
});
