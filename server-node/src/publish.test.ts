import express from 'express';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from './index.js';
import { listen } from '../test/rig/listen.js';
import { rawSubscribe } from '../test/rig/raw-client.js';

const PAD = 'x'.repeat(300);
const isState = (frame: object): boolean => 'version' in frame;

describe('a live value', () => {
  it('is used like the original; the writes of one tick are one delta', async () => {
    const board = velox.live<{
      rows: { id: number; price: number; name: string | undefined }[];
      pad: string;
    }>({
      rows: [{ id: 0, price: 0, name: PAD }],
      pad: PAD,
    });
    await using server = await listen(velox.handle(board));
    const link = rawSubscribe(server.origin);
    await link.find(isState);
    board.rows.push({ id: 1, price: 1, name: undefined });
    board.rows.push({ id: 2, price: 2, name: undefined });
    expect(await link.next()).toMatchObject({
      version: 2,
      body: [
        { op: 'add', path: '/rows/1', value: { id: 1, price: 1 } },
        { op: 'add', path: '/rows/2', value: { id: 2, price: 2 } },
      ],
    });
    const [, , second] = board.rows;
    if (second) second.price = 3;
    expect(await link.next()).toMatchObject({ body: [{ op: 'replace', path: '/rows/2/price', value: 3 }] });
    expect(velox.state(board).snapshot()).toMatchObject({
      version: 3,
      body: { rows: [{ id: 0 }, { id: 1 }, { price: 3 }] },
    });
  });

  it('a batch is one delta, or nothing', async () => {
    const board = velox.live({ n: 0, list: [1], pad: PAD });
    const state = velox.state(board);
    expect(() =>
      velox.batch(board, (draft) => {
        draft.n = 1;
        draft.list.push(2);
        throw new Error('of the application');
      }),
    ).toThrow('of the application');
    await Promise.resolve();
    expect(state.snapshot()).toEqual({
      id: state.position().id,
      version: 1,
      body: { n: 0, list: [1], pad: PAD },
    });
    velox.batch(board, (draft) => {
      draft.n = 1;
      draft.list.push(2);
    });
    expect(state.snapshot()).toMatchObject({ version: 2, body: { n: 1, list: [1, 2] } });
  });

  it('holds maps and slices that publish themselves', async () => {
    const chat = velox.live({
      users: new velox.VMap<{ name: string }>(),
      lines: new velox.VSlice<string>([PAD]),
      pad: PAD,
    });
    await using server = await listen(velox.handle(chat));
    const link = rawSubscribe(server.origin);
    expect(await link.find(isState)).toMatchObject({ body: { users: {}, lines: [PAD] } });
    chat.users.set('ann', { name: 'Ann' });
    chat.lines.append('hello');
    expect(await link.next()).toMatchObject({
      body: [
        { op: 'add', path: '/users/ann', value: { name: 'Ann' } },
        { op: 'add', path: '/lines/1', value: 'hello' },
      ],
    });
    chat.users.update('ann', (user) => void (user.name = 'Anne'));
    expect(await link.next()).toMatchObject({
      body: [{ op: 'replace', path: '/users/ann/name', value: 'Anne' }],
    });
  });

  it('throttles like any state, and may be a topic of a hub', () => {
    const hub = velox.createHub();
    const board = hub.live('board', { n: 0 }, { throttle: 100 });
    board.n++;
    expect(hub.stats().topics).toBe(1);
    expect(board.n).toBe(1);
  });

  it('live() refuses a watched object, and push() a live one', () => {
    const foo = { a: 1 };
    velox.handle(foo);
    expect(() => velox.live(foo)).toThrow(expect.objectContaining({ code: 'state-watched' }) as Error);
    const bar = { a: 1 };
    velox.live(bar);
    expect(() => velox.state(bar).push()).toThrow(expect.objectContaining({ code: 'state-owned' }) as Error);
  });
});

describe('the same object', () => {
  it('gives the same state, however it is published', () => {
    const foo = { a: 1 };
    const state = velox.state(foo);
    expect(velox.state(foo)).toBe(state);
    expect(velox.handle(foo)).toBe(state.handle);
    expect(velox.handle(state)).toBe(state.handle);
    const bar = velox.live({ a: 1 });
    expect(velox.handle(bar)).toBe(velox.state(bar).handle);
  });

  it.each([undefined, null, 'text', 5])('handle() refuses %s, which is no object', (value) => {
    const handle = (): unknown => velox.handle(value as unknown as object);
    expect(handle).toThrow(expect.objectContaining({ code: 'bad-option' }) as Error);
  });

  it('handle() publishes a frozen object; its changes come by the state', () => {
    expect(() => velox.handle(Object.freeze({ a: 1 }))).not.toThrow();
  });

  it('handle() serves a state or live value from where it is: a state of its own or of a hub, and a live value of a hub', async () => {
    const hub = velox.createHub();
    const live = hub.live('live', { n: 1 });
    const sources = [velox.state({ n: 1 }), hub.state('state', { n: 1 }), live];
    for (const source of sources) {
      const handle = velox.handle<object>(source);
      expect(velox.handle<object>(source)).toBe(handle);
      await using server = await listen(handle);
      expect(await rawSubscribe(server.origin).find(isState)).toMatchObject({ body: { n: 1 } });
    }
    live.n = 2;
    expect(velox.state(live).snapshot()).toMatchObject({ version: 2, body: { n: 2 } });
    expect(velox.live(live)).toBe(live);
    expect(hub.state('again', live)).toBe(velox.state(live));
  });

  it('a state may be guarded when it is first served', async () => {
    const authorize = (): never => {
      throw new Error('nobody');
    };
    for (const source of [velox.state({ n: 1 }), velox.createHub().live('live', { n: 1 })]) {
      await using server = await listen(velox.handle<object>(source, { authorize }));
      expect((await fetch(server.origin)).status).toBe(401);
    }
  });

  it('one object is a template for the topics of a hub: each has a value of its own', () => {
    const hub = velox.createHub();
    const template = { n: 0 };
    const [one, two] = [hub.state('one', template), hub.state('two', template)];
    expect(one).not.toBe(two);
    const [first, second] = [hub.live('first', template), hub.live('second', template)];
    first.n = 1;
    expect(second.n).toBe(0);
  });
});

it('a state that Express is given as middleware says what to pass', () => {
  const app = express();
  expect(() => app.use('/sync', velox.state({ a: 1 }) as never)).toThrow(
    'velox: app.use() got a state, which is no middleware. Pass state.handle.',
  );
});

describe('watch()', () => {
  it('returns the same object with a typed $push that publishes its changes', () => {
    const foo = { a: 1 };
    const watched = velox.watch(foo);
    expect(watched).toBe(foo);
    watched.a = 2;
    watched.$push();
    expect(velox.state(foo).snapshot()).toMatchObject({ version: 2, body: { a: 2 } });
    expect(Object.keys(watched)).toEqual(['a']);
  });

  it('refuses the object of a state that owns its value', () => {
    const foo = { a: 1 };
    velox.state(foo).set({ a: 2 });
    expect(() => velox.watch(foo)).toThrow(expect.objectContaining({ code: 'state-owned' }));
  });

  it('refuses an object that cannot get a method', () => {
    expect(() => velox.watch(Object.freeze({ a: 1 }))).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });
});

describe('the option ownership', () => {
  it('a state with ownership: owned refuses push() as the first change', () => {
    const state = velox.state({ a: 1 }, { ownership: 'owned' });
    expect(() => state.push()).toThrow(expect.objectContaining({ code: 'state-owned' }));
  });

  it('a state with ownership: watched runs update() on the object of the application, and refuses set()', () => {
    const foo = { a: 1 };
    const state = velox.state(foo, { ownership: 'watched' });
    state.update((draft) => void (draft.a = 2));
    expect([foo.a, state.get().a]).toEqual([2, 2]);
    expect(() => state.set({ a: 3 })).toThrow(expect.objectContaining({ code: 'state-watched' }));
  });

  it('another value of ownership is refused', () => {
    const options = { ownership: 'mine' } as unknown as velox.StateOptions;
    expect(() => velox.state({ a: 1 }, options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});

it('a value and a hub may stand at module level in Workers: they draw no random number and set no timer before they serve', async () => {
  vi.resetModules();
  const drawn = vi.fn();
  vi.doMock('node:crypto', async (original) => {
    const genuine = await original<typeof import('node:crypto')>();
    const draw = Object.entries(genuine)
      .filter(([name]) => /^random|^getRandom/.test(name))
      .map(([name, value]) => [
        name,
        (...given: never[]) => (drawn(name), (value as (...all: never[]) => unknown)(...given)),
      ]);
    const noting = { ...genuine, ...(Object.fromEntries(draw) as object) };
    return { ...noting, default: noting };
  });
  onTestFinished(() => void vi.doUnmock('node:crypto'));
  const timers = vi.spyOn(globalThis, 'setTimeout');
  onTestFinished(() => void timers.mockRestore());
  const fresh = await import('./index.js');
  timers.mockClear();
  const board = fresh.state({ a: 1 });
  fresh.live({ a: 1 });
  fresh.watch({ a: 1 });
  fresh.handle({ a: 1 });
  const hub = fresh.createHub({ authorize: () => ({}), canSubscribe: () => true });
  hub.state('board', { a: 1 });
  hub.entity('items', { fetch: () => null });
  hub.presence({ of: () => ({ id: 'a' }) });
  board.update((draft) => void draft.a++);
  expect([drawn.mock.calls, timers.mock.calls]).toEqual([[], []]);
  expect(board.position().id).not.toBe('');
  expect(drawn).toHaveBeenCalled();
});
