/** Calls in both directions and the life of sessions, with real clients over every transport. */
import type { Sync } from '@velox/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { CallError } from '../../src/index.js';
import { setUp, TRANSPORTS, until, type App } from './ways.js';

/** The notes that a client receives, once it is connected. */
async function notesOf(sync: Sync<App>): Promise<string[]> {
  const notes: string[] = [];
  sync.on('note', (text) => notes.push(text));
  await vi.waitFor(() => expect(sync.status.get().state).toBe('open'));
  return notes;
}

const settled = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    ({ code, message, data }: CallError) => ({ code, message, data }),
  );

afterEach(() => void vi.restoreAllMocks());

describe.each(TRANSPORTS)('over %s,', (transport) => {
  it('a call gets its reply, in both directions', async () => {
    const { hub, connect } = await setUp(transport);
    hub.answer('add', z.array(z.number()), (_, numbers) => numbers.reduce((sum, each) => sum + each, 0));
    const ann = connect('ann');
    ann.answer('ask', (question) => Promise.resolve(`${question}!`));
    expect(await ann.call('add', [1, 2, 3])).toBe(6);
    const [session] = hub.sessions();
    expect(await session?.call('ask', 'well')).toBe('well!');
    const bob = connect('bob');
    await notesOf(bob);
    expect(await hub.call('ask', 'you')).toEqual([
      { session, data: 'you!' },
      {
        session: expect.objectContaining({ name: 'bob' }) as unknown,
        error: expect.objectContaining({ code: 'no-handler' }) as unknown,
      },
    ]);
  });

  it.each([Infinity, 2 ** 40])('a call of the server may wait for %d ms', async (timeout) => {
    const { hub, connect } = await setUp(transport);
    const ann = connect('ann');
    ann.answer('ask', async (question) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return `${question}!`;
    });
    await notesOf(ann);
    expect(await hub.sessions()[0]?.call('ask', 'well', { timeout })).toBe('well!');
  });

  it('a failed call rejects with the code of its handler; other errors stay on the server', async () => {
    const logger = vi.fn();
    const { hub, connect } = await setUp(transport, { logger });
    hub.answer('fail', (_, how) => {
      if (how === 'known') throw new CallError('sold-out', 'there are none left.', { next: 7 });
      throw new Error('the password is 1234');
    });
    const ann = connect();
    expect(await settled(ann.call('fail', 'known'))).toEqual({
      code: 'sold-out',
      message: 'there are none left.',
      data: { next: 7 },
    });
    const internal = await settled(ann.call('fail', 'unknown'));
    expect(internal).toMatchObject({ code: 'internal' });
    expect(JSON.stringify(internal)).not.toContain('1234');
    expect(logger).toHaveBeenCalledWith(expect.objectContaining({ level: 'error' }));
    expect(await settled(ann.call('ask', 'x'))).toMatchObject({ code: 'no-handler' });
  });

  it('a call that is cancelled, or times out, aborts its handler', async () => {
    const { hub, connect } = await setUp(transport);
    const aborted: string[] = [];
    hub.answer(
      'wait',
      (_, _data, { signal }) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => resolve(`${aborted.push('aborted')}`)),
        ),
    );
    const ann = connect();
    const aborting = new AbortController();
    const cancelled = settled(ann.call('wait', null, { signal: aborting.signal }));
    const timedOut = settled(ann.call('wait', null, { timeout: 300 }));
    await vi.waitFor(() => expect(hub.sessions()).toHaveLength(1));
    setTimeout(() => aborting.abort(), 100);
    expect(await cancelled).toMatchObject({ code: 'cancelled' });
    expect(await timedOut).toMatchObject({ code: 'timeout' });
    await vi.waitFor(() => expect(aborted).toHaveLength(2));
    expect(await settled(ann.call('wait', null, { signal: AbortSignal.abort() }))).toMatchObject({
      code: 'cancelled',
    });
  });

  it('each call runs once and gets its reply on a network that fails', { timeout: 120_000 }, async () => {
    const timeout = 100_000;
    const rig = await setUp(transport);
    const [asked, answered] = [[] as string[], [] as number[]];
    rig.hub.answer('add', z.array(z.number()), (_, [n = -1]) => (answered.push(n), n * 2));
    const ann = rig.connect();
    ann.answer('ask', (question) => (asked.push(question), `${question}!`));
    await until(() => expect(rig.hub.sessions()).toHaveLength(1));
    const [session] = rig.hub.sessions();
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    const replies: Promise<unknown>[] = [];
    for (const n of numbers) {
      replies.push(ann.call('add', [n], { timeout }), session!.call('ask', `${n}`, { timeout }));
      if (n % 8 === 7) {
        rig.proxy.fragment(n % 16 === 7 && 11);
        await new Promise((resolve) => setTimeout(resolve, 30));
        rig.proxy.cut();
      }
    }
    expect(await Promise.all(replies)).toEqual(numbers.flatMap((n) => [n * 2, `${n}!`]));
    expect([answered, asked]).toEqual([numbers, numbers.map(String)]);
  });

  it('when the session is gone, a written call has an unknown outcome, an idempotent one runs again', async () => {
    const rig = await setUp(transport);
    const never = (): Promise<never> => new Promise(() => undefined);
    let arrived = 0;
    rig.hub.answer('wait', () => (arrived++, never()));
    rig.hub.answer('add', () => (arrived++, never()));
    const ann = rig.connect();
    const outcome = settled(ann.call('wait', null));
    const repeated = settled(ann.call('add', [1, 2], { idempotent: true }));
    await until(() => expect(arrived).toBe(2));
    const restarted = rig.restart();
    rig.hub.answer('add', z.array(z.number()), (_, [a = 0, b = 0]) => a + b);
    await restarted;
    expect(await outcome).toMatchObject({ code: 'unknown-outcome' });
    expect(await repeated).toEqual({ value: 3 });
  });

  it('a handler of a client that ends after a restart answers no call of the new session', async () => {
    const rig = await setUp(transport);
    const ann = rig.connect();
    const ends: ((answer: string) => void)[] = [];
    ann.answer('ask', () => new Promise((resolve) => ends.push(resolve)));
    const ask = async (): Promise<{ outcome: Promise<unknown> }> => {
      const handlers = ends.length;
      await until(() => expect(rig.hub.sessions()).toHaveLength(1));
      const outcome = settled(rig.hub.sessions()[0]!.call('ask', 'who?'));
      await until(() => expect(ends).toHaveLength(handlers + 1));
      return { outcome };
    };
    const first = await ask();
    await rig.restart();
    expect(await first.outcome).toMatchObject({ code: 'unknown-outcome' });
    const second = await ask();
    ends[0]!('the first answer');
    ends[1]!('the second answer');
    expect(await second.outcome).toEqual({ value: 'the second answer' });
  });

  it('when the client is gone for good, a call of the server has an unknown outcome', async () => {
    const rig = await setUp(transport);
    const ann = rig.connect();
    let isAsked = false;
    ann.answer('ask', () => ((isAsked = true), new Promise<never>(() => undefined)));
    await until(() => expect(rig.hub.sessions()).toHaveLength(1));
    const outcome = settled(rig.hub.sessions()[0]!.call('ask', 'still there?'));
    await until(() => expect(isAsked).toBe(true));
    rig.hub.sessions()[0]!.close();
    expect(await outcome).toMatchObject({ code: 'unknown-outcome' });
  });

  it('a call of the server to a session that has ended is dropped at once', async () => {
    const rig = await setUp(transport);
    rig.connect().answer('ask', () => 'yes');
    await until(() => expect(rig.hub.sessions()).toHaveLength(1));
    const session = rig.hub.sessions()[0]!;
    session.close();
    expect(await settled(session.call('ask', 'still there?', { timeout: Infinity }))).toMatchObject({
      code: 'dropped',
    });
  });

  it('session.close() ends the client for good, with code and reason', async () => {
    const { hub, connect } = await setUp(transport);
    const ann = connect();
    await notesOf(ann);
    hub.sessions()[0]?.close('banned', 'You were banned.');
    await vi.waitFor(() =>
      expect(ann.status.get()).toMatchObject({
        state: 'closed',
        reason: { code: 'banned', message: 'You were banned.' },
      }),
    );
    expect(hub.sessions()).toEqual([]);
  });
});

describe('the life of a session', () => {
  it('is reported to the application: connect, away, reconnect, disconnect', async () => {
    const told: unknown[] = [];
    const { hub, connect } = await setUp('websocket', {
      patience: 400,
      onConnect: (session) => told.push(['connect', session.name, session.context]),
      onAway: (session) => told.push(['away', session.name]),
      onReconnect: (session, { lastSeen, dropped, recovered }) =>
        told.push(['reconnect', session.name, Date.now() - lastSeen < 5_000, dropped, recovered]),
      onDisconnect: (session, reason) => told.push(['disconnect', session.name, session.rooms, reason]),
    });
    const ann = connect('ann');
    await notesOf(ann);
    void hub.sessions()[0]?.join('lobby');
    ann.reconnect();
    await vi.waitFor(() => expect(told).toHaveLength(3));
    ann.close();
    await vi.waitFor(() => expect(told).toHaveLength(5), { timeout: 3_000 });
    expect(told).toEqual([
      ['connect', 'ann', 'ann'],
      ['away', 'ann'],
      ['reconnect', 'ann', true, 0, true],
      ['away', 'ann'],
      ['disconnect', 'ann', ['lobby'], 'lost'],
    ]);
    expect(hub.room('lobby').size).toBe(0);
  });

  it('carries data of the application, the same object for every handler', async () => {
    const { hub, connect } = await setUp('websocket', {
      onConnect: (session) => void (session.data = { count: 0 }),
    });
    const counts: number[] = [];
    hub.on({
      note: (session) => counts.push(++(session.data as { count: number }).count),
      at: (session) => counts.push(++(session.data as { count: number }).count),
    });
    const once = vi.fn();
    hub.once('note', once);
    const ann = connect();
    ann.emit('note', 'a');
    ann.emit('at', 1);
    ann.emit('note', 'b');
    await vi.waitFor(() => expect(counts).toEqual([1, 2, 3]));
    expect(once).toHaveBeenCalledTimes(1);
  });
});
