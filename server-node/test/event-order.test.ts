/** An event reaches its client after the state that was changed before it, with real clients over every transport. */
import { connect, type Sync } from '@velox/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';

const TRANSPORTS = ['websocket', 'sse', 'polling'] as const;
type TransportName = (typeof TRANSPORTS)[number];

/** Longer than a test, so a change that waits for it arrives too late. */
const THROTTLE = { throttle: 60_000 };
const PAD = 'x'.repeat(300);

interface Rig {
  readonly hub: velox.Hub;
  readonly sync: Sync;
  readonly session: velox.Session;
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000 });

async function start(transport: TransportName, hub: velox.Hub): Promise<Sync> {
  const server = await listen((request, response) => void hub.handle(request, response));
  const sync = connect(server.origin, { transport, WebSocket });
  onTestFinished(async () => {
    sync.close();
    await hub.close();
    await server[Symbol.asyncDispose]();
  });
  return sync;
}

async function setUp(transport: TransportName): Promise<Rig> {
  const hub = velox.createHub();
  const sync = await start(transport, hub);
  sync.on('event', () => undefined);
  await until(() => expect(hub.sessions()).toHaveLength(1));
  return { hub, sync, session: hub.sessions()[0] as velox.Session };
}

/** A value that a test changes to 1, 2, 3 …: the function that does it, its topic, and the number in the client's value. */
interface Source {
  readonly topic: string;
  readonly change: (n: number) => void;
  readonly read?: (value: never) => unknown;
}

const read = (value: { n: number } | undefined): unknown => value?.n;

const SOURCES: Record<string, (rig: Rig) => Source> = {
  'a state': ({ hub }) => {
    const state = hub.state('topic', { n: 0, pad: PAD });
    return { topic: 'topic', change: (n) => state.update((draft) => void (draft.n = n)) };
  },
  'a throttled state': ({ hub }) => {
    const state = hub.state('topic', { n: 0, pad: PAD }, THROTTLE);
    return { topic: 'topic', change: (n) => state.set({ n, pad: PAD }) };
  },
  'a throttled live value': ({ hub }) => {
    const value = hub.live('topic', { n: 0, pad: PAD }, THROTTLE);
    return { topic: 'topic', change: (n) => void (value.n = n) };
  },
  'a throttled watched object': ({ hub }) => {
    const object = { n: 0, pad: PAD };
    const state = hub.state('topic', object, { ...THROTTLE, ownership: 'watched' });
    return { topic: 'topic', change: (n) => void ((object.n = n), state.push()) };
  },
  'a container in a throttled state': ({ hub }) => {
    const rows = new velox.VMap<{ n: number }>({ a: { n: 0 } });
    hub.state('topic', { rows, pad: PAD }, THROTTLE);
    const readRow = (value: { rows: { a: { n: number } } } | undefined): unknown => value?.rows.a.n;
    return { topic: 'topic', change: (n) => rows.set('a', { n }), read: readRow };
  },
  'a view of a throttled state': ({ hub }) => {
    const state = hub.state('topic', { n: 0, pad: PAD }, { ...THROTTLE, view: ({ n }) => ({ n }) });
    return { topic: 'topic', change: (n) => state.update((draft) => void (draft.n = n)) };
  },
  'a row that is put': ({ hub }) => {
    const rows = hub.entity('rows', { fetch: () => ({ n: 0, pad: PAD }) });
    return { topic: 'rows/a', change: (n) => rows.put('a', { n, pad: PAD }) };
  },
  'the presence of a room': ({ hub, session }) => {
    let shown = 0;
    const presence = hub.presence({ of: () => ({ id: 'ann', n: shown }), ...THROTTLE });
    void session.join('room');
    const readMember = (value: { ann?: { who: { n: number } } } | undefined): unknown => value?.ann?.who.n;
    return {
      topic: 'presence/room',
      change: (n) => ((shown = n), presence.refresh(session)),
      read: readMember,
    };
  },
};

/** How the server sends after a change; `change` is called before each. */
const WAYS: Record<string, (rig: Rig, change: () => void) => unknown> = {
  'session.emit': ({ session }, change) => (change(), session.emit('event', null)),
  'a volatile session.emit': ({ session }, change) => (
    change(),
    session.emit('event', null, { volatile: true })
  ),
  'hub.emit': ({ hub }, change) => (change(), hub.emit('event', null)),
  'hub.volatile.emit': ({ hub }, change) => (change(), hub.volatile.emit('event', null)),
  'a cast to a room': ({ hub, session }, change) => (
    session.join('cast'),
    change(),
    hub.to('cast').emit('event', null)
  ),
  'a channel': ({ session }, change) => (change(), session.channel('side').emit('event', null)),
  'a message of a channel': ({ session }, change) => (change(), session.channel('side').send(null)),
  'session.call': ({ session }, change) => (change(), session.call('ask', null)),
  'hub.call': ({ hub }, change) => (change(), hub.call('ask', null)),
  'an event in a later microtask': async ({ session }, change) => {
    change();
    await Promise.resolve();
    session.emit('event', null);
  },
};

describe.each(TRANSPORTS)('over %s', (transport) => {
  it.each(Object.entries(SOURCES))('an event does not overtake %s', async (_, create) => {
    const rig = await setUp(transport);
    const { hub, sync, session } = rig;
    const { topic, change, read: readNumber = read } = create(rig);
    const replica = sync.replica(topic);
    onTestFinished(replica.subscribe(() => undefined));
    const seen = (): unknown => readNumber(replica.get() as never);
    await until(() => expect(seen()).toBe(0));
    let n = 0;
    change(++n); // a throttle begins with its first delivery
    session.emit('event', null);
    await until(() => expect(seen()).toBe(1));

    let arrived: (value: unknown) => void = () => undefined;
    const onEvent = (): void => arrived(seen());
    sync.on('event', onEvent);
    sync.channel('side').on('event', onEvent);
    sync.channel('side').onMessage(onEvent);
    sync.answer('ask', () => (onEvent(), null));
    const expected: Record<string, unknown> = {};
    const found: Record<string, unknown> = {};
    for (const [way, send] of Object.entries(WAYS)) {
      const arrival = new Promise((resolve) => (arrived = resolve));
      await send(rig, () => change(++n));
      found[way] = await arrival;
      expected[way] = n;
    }
    hub.answer('now', () => (change(++n), null));
    hub.answer('later', async () => {
      await Promise.resolve();
      change(++n);
      return null;
    });
    hub.answer('failed', () => {
      change(++n);
      throw new velox.CallError('no', 'not today');
    });
    for (const name of ['now', 'later', 'failed']) {
      await sync.call(name, null).catch(() => undefined);
      found[`the reply to ${name}`] = seen();
      expected[`the reply to ${name}`] = n;
    }
    expect(found).toEqual(expected);
  });

  it('an event does not overtake the first value of a topic that is published', async () => {
    const { hub, sync, session } = await setUp(transport);
    const replica = sync.replica<number>('topic');
    onTestFinished(replica.subscribe(() => undefined));
    await until(() => expect(replica.status.get().reason?.code).toBe('not-found'));
    const arrival = new Promise((resolve) => sync.on('event', () => resolve(replica.get())));
    hub.state('topic', 1);
    session.emit('event', null);
    expect(await arrival).toBe(1);
  });

  it('an event does not overtake a row that is put while its first fetch runs', async () => {
    const { hub, sync, session } = await setUp(transport);
    const fetch = vi.fn(() => new Promise<never>(() => undefined));
    const rows = hub.entity('rows', { fetch });
    const replica = sync.replica<number>('rows/a');
    onTestFinished(replica.subscribe(() => undefined));
    await until(() => expect(fetch).toHaveBeenCalledOnce());
    const arrival = new Promise((resolve) => sync.on('event', () => resolve(replica.get())));
    rows.put('a', 1);
    session.emit('event', null);
    expect(await arrival).toBe(1);
  });

  it.each([false, true])(
    'changes that onConnect makes are visible before its events (asynchronous: %s)',
    async (isAsync) => {
      const hub = velox.createHub({
        onConnect: isAsync
          ? async (session) => {
              await new Promise((resolve) => setImmediate(resolve));
              state.set(1);
              session.emit('event', null);
            }
          : (session) => {
              state.set(1);
              session.emit('event', null);
            },
      });
      const state = hub.state('topic', 0, THROTTLE);
      const sync = await start(transport, hub);
      const replica = sync.replica<number>('topic');
      const arrival = new Promise((resolve) => sync.on('event', () => resolve(replica.get())));
      onTestFinished(replica.subscribe(() => undefined));
      expect(await arrival).toBe(1);
    },
  );

  it.each([false, true])(
    'changes that onReconnect makes are visible before its events (asynchronous: %s)',
    async (isAsync) => {
      const change = (session: velox.Session): void => {
        state.set(state.get() + 1);
        session.emit('event', null);
      };
      const hub = velox.createHub({
        onReconnect: isAsync
          ? async (session) => {
              await new Promise((resolve) => setImmediate(resolve));
              change(session);
            }
          : change,
      });
      const state = hub.state('topic', 0, THROTTLE);
      hub.answer('nothing', () => null);
      const sync = await start(transport, hub);
      const replica = sync.replica<number>('topic');
      const arrival = new Promise((resolve) => sync.on('event', () => resolve(replica.get())));
      onTestFinished(replica.subscribe(() => undefined));
      await sync.call('nothing', null); // a session that its client has named can be resumed
      expect(replica.get()).toBe(0);
      sync.reconnect();
      expect(await arrival).toBe(1);
    },
  );

  it('changes and events arrive in order before the goodbye of session.close()', async () => {
    const { hub, sync, session } = await setUp(transport);
    const state = hub.state('topic', 0, THROTTLE);
    const replica = sync.replica<number>('topic');
    onTestFinished(replica.subscribe(() => undefined));
    const heard: unknown[] = [];
    sync.on('event', () => heard.push(replica.get()));
    await until(() => expect(replica.get()).toBe(0));
    state.set(1);
    await until(() => expect(replica.get()).toBe(1));
    state.set(2);
    session.emit('event', null);
    session.close();
    await until(() => expect(sync.status.get().state).toBe('closed'));
    expect([replica.get(), heard]).toEqual([2, [2]]);
  });

  it('changes and events arrive in order before the goodbye of hub.close()', async () => {
    const { hub, sync, session } = await setUp(transport);
    const state = hub.state('topic', 0, THROTTLE);
    const replica = sync.replica<number>('topic');
    onTestFinished(replica.subscribe(() => undefined));
    const heard: unknown[] = [];
    sync.on('event', () => heard.push(replica.get()));
    await until(() => expect(replica.get()).toBe(0));
    state.set(1);
    await until(() => expect(replica.get()).toBe(1));
    state.set(2);
    session.emit('event', null);
    void hub.close();
    await until(() => expect(sync.status.get().reason?.code).toBe('going-away'));
    expect([replica.get(), heard]).toEqual([2, [2]]);
  });
});
