/** Casts, calls, rooms and the life of sessions, with real clients over every transport. */
import { connect, type Sync } from '@velox/core';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { CallError, createHub, type Hub, type HubOptions, type Session } from '../src/index.js';
import { listen } from './rig/listen.js';

interface App {
  topics: { board: { n: number } };
  events: { note: string; at: number };
  calls: {
    add: (numbers: number[]) => number;
    wait: [null, string];
    fail: [string, never];
    ask: (question: string) => string;
  };
}

const TRANSPORTS = ['websocket', 'sse', 'polling'] as const;
type TransportName = (typeof TRANSPORTS)[number];

interface Rig {
  readonly hub: Hub<App, string>;
  readonly connect: (name?: string, transport?: TransportName) => Sync<App>;
}

async function setUp(
  transport: TransportName,
  options: HubOptions<string, Session<string, App>> = {},
): Promise<Rig> {
  const hub = createHub<App, string>({
    authorize: ({ token }) => token ?? 'nobody',
    name: (context) => context,
    canJoin: (_, room) => room !== 'secret',
    ...options,
  });
  const server = await listen((request, response) => void hub.handle(request, response));
  onTestFinished(async () => {
    await hub.close();
    await server[Symbol.asyncDispose]();
  });
  return {
    hub,
    connect(name = 'ann', own = transport) {
      const sync = connect<App>(server.origin, { transport: own, WebSocket, auth: () => name });
      onTestFinished(sync.close);
      return sync;
    },
  };
}

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
  it('casts reach exactly their recipients, each once', async () => {
    const { hub, connect } = await setUp(transport);
    const [ann, bob, eve] = [connect('ann'), connect('bob'), connect('eve')];
    const notes = await Promise.all([ann, bob, eve].map(notesOf));
    for (const session of hub.sessions()) {
      if (session.name !== 'eve') session.join(['a', 'b']);
      if (session.name === 'bob') session.join('c');
    }
    expect(hub.room('a').size).toBe(2);
    expect(hub.emit('note', 'all')).toBe(3);
    expect(hub.to(['a', 'b']).emit('note', 'rooms')).toBe(2);
    expect(hub.to('a').notIn('c').emit('note', 'not bob')).toBe(1);
    expect(hub.only('eve').emit('note', 'eve alone')).toBe(1);
    expect(hub.except(['ann', 'bob']).emit('note', 'eve left')).toBe(1);
    const [bobs] = hub.only('bob').sessions();
    expect(bobs?.broadcast.emit('note', 'not from bob')).toBe(2);
    expect(bobs?.to('a').emit('note', 'ann in a')).toBe(1);
    await vi.waitFor(() => {
      expect(notes).toEqual([
        ['all', 'rooms', 'not bob', 'not from bob', 'ann in a'],
        ['all', 'rooms'],
        ['all', 'eve alone', 'eve left', 'not from bob'],
      ]);
    });
  });

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

  it('a client joins rooms if canJoin allows, and leaves them', async () => {
    const { hub, connect } = await setUp(transport);
    const ann = connect();
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    onTestFinished(() => void vi.unstubAllGlobals());
    const leave = ann.join('lobby');
    ann.join('secret');
    await vi.waitFor(() => expect(hub.room('lobby').size).toBe(1));
    await vi.waitFor(() =>
      expect(reported).toHaveBeenCalledWith(expect.objectContaining({ code: 'forbidden' })),
    );
    expect(hub.room('secret').size).toBe(0);
    leave();
    await vi.waitFor(() => expect(hub.room('lobby').size).toBe(0));
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
  it('is told to the application: connect, away, reconnect, disconnect', async () => {
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
    hub.sessions()[0]?.join('lobby');
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

describe('a new session', () => {
  it('is in the rooms of its client again, and calls that were written have an unknown outcome', async () => {
    let current = await setUp('websocket');
    const handle = (...args: Parameters<Hub['handle']>) => current.hub.handle(...args);
    const server = await listen((request, response) => void handle(request, response));
    onTestFinished(() => server[Symbol.asyncDispose]());
    const sync = connect<App>(server.origin, { transport: 'websocket', WebSocket, auth: () => 'ann' });
    onTestFinished(sync.close);
    sync.join('lobby');
    current.hub.answer('wait', () => new Promise(() => {}));
    current.hub.answer('add', () => new Promise(() => {}));
    await vi.waitFor(() => expect(current.hub.room('lobby').size).toBe(1));
    const outcome = settled(sync.call('wait', null));
    const repeated = settled(sync.call('add', [1, 2], { idempotent: true }));
    await new Promise((resolve) => setTimeout(resolve, 100));

    const former = current.hub;
    current = await setUp('websocket');
    current.hub.answer('add', z.array(z.number()), (_, [a = 0, b = 0]) => a + b);
    await former.close();
    expect(await outcome).toMatchObject({ code: 'unknown-outcome' });
    expect(await repeated).toEqual({ value: 3 });
    await vi.waitFor(() => expect(current.hub.room('lobby').size).toBe(1));
  });
});
