import { once } from 'node:events';
import type { Hello } from '@velox/core/protocol';
import { describe, expect, it, vi } from 'vitest';
import { Hub } from '../../hub/hub.js';
import * as velox from '../../index.js';
import type { Session } from '../../sessions/session.js';
import { FakeExchange } from '../../../test/rig/fake-exchange.js';
import { listen, type Listening } from '../../../test/rig/listen.js';
import { rawWebSocket, type Frame } from '../../../test/rig/raw-client.js';
import { openPolling, pollingLinkOf } from './polling.js';

const ANYBODY = { context: undefined, identity: undefined };

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const open = async (url: string, frames: object[] = [], headers: HeadersInit = {}): Promise<string> => {
  const answer = await fetch(`${url}?velox=3`, {
    method: 'POST',
    body: JSON.stringify([{ open: {} }, ...frames]),
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
  });
  const [{ hello }] = (await answer.json()) as [{ hello: { session: string } }];
  return hello.session;
};
const poll = (url: string, session: string, headers: HeadersInit = {}): Promise<Response> =>
  fetch(`${url}?velox=3`, {
    headers: { accept: 'application/json', 'velox-session': session, ...headers },
  });
/** Opens a link that wants the default topic, of a session that is there or a new one. */
const begin = async (url: string, session?: string): Promise<Hello> => {
  const answer = await fetch(`${url}?velox=3`, {
    method: 'POST',
    body: JSON.stringify([{ open: { session } }, { subscribe: [{}] }]),
    headers: { accept: 'application/json' },
  });
  const [{ hello }] = (await answer.json()) as [{ hello: Hello }];
  return hello;
};
/** A poll that has reached the server, and waits there. */
async function waitingPoll({ server, origin }: Listening, session: string): Promise<Promise<Response>[]> {
  const arrived = once(server, 'request');
  const answer = poll(origin, session);
  await arrived;
  await turn();
  return [answer]; // in a list, as a promise would be awaited on the way out
}

describe('by long-polling', () => {
  it('a poll that waits is answered when another link takes the place of its own', async () => {
    const hub = velox.createHub();
    await using server = await listen(hub.handle);
    const session = await open(server.origin);
    const [waiting] = await waitingPoll(server, session);
    const link = rawWebSocket(server.origin);
    link.send({ open: { session } });
    await link.next();
    expect(await (await waiting)?.json()).toEqual([]);
    expect((await poll(server.origin, session)).status).toBe(404);
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
  });

  it('a numbered poll that is repeated gets the same answer again, and takes nothing away', async () => {
    const hub = velox.createHub();
    const state = hub.state('', { n: 0, pad: 'x'.repeat(200) });
    await using server = await listen(hub.handle);
    const { session } = await begin(server.origin);
    const ask = async (number: number): Promise<unknown> =>
      (await poll(server.origin, session, { 'velox-poll': `${number}` })).json();
    for (let number = 1; number <= 3; number++) {
      state.update((draft) => void draft.n++);
      await turn();
      const first = await ask(number);
      expect(first).toMatchObject([{ version: number + 1, delta: true }]);
      expect(await ask(number)).toEqual(first);
      expect(await ask(number - 1)).toEqual([]);
    }
  });

  it('a numbered poll that is repeated while it waits leaves the first one empty', async () => {
    const hub = velox.createHub();
    const state = hub.state('', { n: 1, pad: 'x'.repeat(200) });
    await using server = await listen(hub.handle);
    const { session } = await begin(server.origin);
    const numbered = { 'velox-poll': '1' };
    const arrived = once(server.server, 'request');
    const first = poll(server.origin, session, numbered);
    await arrived;
    await turn();
    const second = poll(server.origin, session, numbered);
    expect(await (await first).json()).toEqual([]);
    state.update((draft) => void draft.n++);
    expect(await (await second).json()).toMatchObject([{ version: 2 }]);
  });

  it('a goodbye answers the waiting poll, and its session can be resumed', async () => {
    const hub = velox.createHub();
    await using server = await listen(hub.handle);
    const { session, link } = await begin(server.origin);
    const [waiting] = await waitingPoll(server, session);
    const say = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${server.origin}?velox=3`, {
        method: 'POST',
        body: '[{"bye":true}]',
        headers: { accept: 'application/json', 'velox-session': session, ...headers },
      });
    expect((await say({ 'velox-link': '99' })).status).toBe(404);
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
    expect((await say({ 'velox-link': `${link}` })).status).toBe(200);
    expect(await (await waiting)?.json()).toEqual([]);
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 1 });
    expect((await begin(server.origin, session)).session).toBe(session);
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
  });

  it('a goodbye over a WebSocket is ignored', async () => {
    const hub = velox.createHub();
    await using server = await listen(hub.handle);
    const link = rawWebSocket(server.origin);
    link.send({ open: {} });
    await link.next();
    link.send({ bye: true });
    link.send({ ping: true });
    expect(await link.next()).toEqual({ ping: true });
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
  });

  it('a newer poll takes the place of one that waits', async () => {
    const hub = velox.createHub();
    const state = hub.state('', { n: 1, pad: 'x'.repeat(200) });
    await using server = await listen(hub.handle);
    const session = await open(server.origin, [{ subscribe: [{}] }]);
    const [first] = await waitingPoll(server, session);
    const second = poll(server.origin, session);
    expect(await (await first)?.json()).toEqual([]);
    state.update((draft) => void (draft.n = 2));
    expect(await (await second).json()).toMatchObject([{ version: 2 }]);
  });

  it('a poll of a link that was replaced takes nothing from the one that took its place', async () => {
    const hub = velox.createHub();
    const state = hub.state('', { n: 1 });
    await using server = await listen(hub.handle);
    const first = await begin(server.origin);
    const second = await begin(server.origin, first.session); // the same request once more, by the doing of a proxy
    expect(second.session).toBe(first.session);
    state.update((draft) => void (draft.n = 2));
    const pollOf = ({ session, link }: Hello): Promise<Response> =>
      poll(server.origin, session, { 'velox-link': `${link}` });
    const refused = await pollOf(first);
    expect([refused.status, await refused.json()]).toMatchObject([
      404,
      { error: { code: 'unknown-session' } },
    ]);
    expect(await (await pollOf(second)).json()).toMatchObject([{ version: 2 }]);
  });

  it('rejects a POST on a replaced link, because it may be out of date', async () => {
    const hub = velox.createHub();
    hub.state('', { n: 1 });
    await using server = await listen(hub.handle);
    const first = await begin(server.origin);
    const second = await begin(server.origin, first.session);
    const unsubscribe = ({ session, link }: Hello): Promise<Response> =>
      fetch(`${server.origin}?velox=3`, {
        method: 'POST',
        body: JSON.stringify([{ unsubscribe: [''] }]),
        headers: { 'velox-session': session, 'velox-link': `${link}` },
      });
    expect((await unsubscribe(first)).status).toBe(404);
    expect(hub.stats().subscriptions).toBe(1);
    expect((await unsubscribe(second)).status).toBe(200);
    expect(hub.stats().subscriptions).toBe(0);
  });

  it('a POST that arrives twice is taken once, even if its frames have no number', async () => {
    const hub = velox.createHub();
    hub.state('', { n: 1 });
    await using server = await listen(hub.handle);
    const { session, link } = await begin(server.origin);
    const post = async (count: number, frame: object): Promise<unknown> => {
      const headers = { 'velox-session': session, 'velox-link': `${link}`, 'velox-post': `${count}` };
      const body = JSON.stringify([frame]);
      const answer = await fetch(`${server.origin}?velox=3`, { method: 'POST', body, headers });
      return [answer.status, await answer.json()];
    };
    await post(1, { unsubscribe: [''] });
    await post(2, { subscribe: [{}] });
    expect(await post(1, { unsubscribe: [''] })).toEqual([200, { ack: 0 }]);
    expect(hub.stats().subscriptions).toBe(1);
    const next = await begin(server.origin, session); // a new link counts anew
    expect(next.link).toBe(2);
    await fetch(`${server.origin}?velox=3`, {
      method: 'POST',
      body: JSON.stringify([{ unsubscribe: [''] }]),
      headers: { 'velox-session': session, 'velox-link': '2', 'velox-post': '1' },
    });
    expect(hub.stats().subscriptions).toBe(0);
  });

  it('a goodbye waits for the next poll, which only its own client gets', async () => {
    const hub = velox.createHub<velox.AnyContract, string>({
      authorize: ({ token = '' }) => {
        if (token === 'expired') throw new Error('expired');
        return token;
      },
      identify: (user) => user,
    });
    await using server = await listen(hub.handle);
    const ann = { authorization: 'Bearer ann' };
    const session = await open(server.origin, [], ann);
    const refused = await fetch(`${server.origin}?velox=3`, {
      method: 'POST',
      body: JSON.stringify([{ auth: 'expired', seq: 1 }]),
      headers: { 'velox-session': session, ...ann },
    });
    expect(refused.status).toBe(200); // the token is looked at later
    while (hub.stats().sessions > 0) await turn();
    expect((await poll(server.origin, session, { authorization: 'Bearer ben' })).status).toBe(404);
    const frames = (await (await poll(server.origin, session, ann)).json()) as Frame[];
    expect(frames.at(-1)).toMatchObject({ bye: { code: 'unauthorized' } });
    const after = await poll(server.origin, session, ann);
    expect([after.status, await after.json()]).toMatchObject([404, { error: { code: 'unknown-session' } }]);
  });

  it.each([
    ['session.close()', (hub: velox.Hub) => void hub.sessions()[0]!.close('done', 'You are done.')],
    ['hub.close()', (hub: velox.Hub) => void hub.close()],
  ])(
    'the goodbye of %s between two polls follows everything that waited, however much it is',
    async (_, end) => {
      const hub = velox.createHub();
      const state = hub.state('', { n: 1, pad: 'x'.repeat(200) });
      await using server = await listen(hub.handle);
      const session = await open(server.origin, [{ subscribe: [{}] }]);
      await turn();
      state.update((draft) => void (draft.n = 2));
      const [handle] = hub.sessions();
      for (let n = 0; n < 10; n++) handle!.emit('n', `${n}`.repeat(20_000));
      end(hub);
      const frames = (await (await poll(server.origin, session)).json()) as Frame[];
      const kinds = frames.map((frame) => ['version', 'event', 'bye'].find((kind) => kind in frame));
      expect(kinds).toEqual(['version', ...Array.from({ length: 10 }, () => 'event'), 'bye']);
      expect(frames.slice(1, -1).map(({ data }) => (data as string)[0])).toEqual([...'0123456789']);
    },
  );

  it('the goodbye of a server that goes away waits too, and so does close()', async () => {
    const hub = velox.createHub();
    await using server = await listen(hub.handle);
    const session = await open(server.origin);
    let closed = false;
    const closing = hub.close({ drain: 1_000 }).then(() => (closed = true));
    await turn();
    expect(closed).toBe(false);
    expect(await (await poll(server.origin, session)).json()).toMatchObject([
      { bye: { code: 'going-away', retry: 500 } },
    ]);
    await closing;
    expect((await poll(server.origin, session)).status).toBe(503);
  });

  it('close() waits 1 s for the next poll of a client, and not for a client that is gone', async () => {
    vi.useFakeTimers();
    try {
      const hub = new Hub();
      await openPolling(hub, new FakeExchange(), {}, ANYBODY, {}, []);
      const closed = vi.fn();
      const closing = hub.close().then(closed);
      await vi.advanceTimersByTimeAsync(999);
      expect(closed).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(closed).toHaveBeenCalled();
      await closing;
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('nothing is kept of one that never comes back for its goodbye', async () => {
    vi.useFakeTimers();
    try {
      const hub = new Hub({ heartbeat: 1_000 });
      const exchange = new FakeExchange();
      await openPolling(hub, exchange, {}, ANYBODY, {}, []);
      const [{ hello }] = JSON.parse(exchange.answers[0]?.body ?? '') as [{ hello: { session: string } }];
      const session = hub.session(hello.session, ANYBODY) as Session;
      hub.fail(session, new velox.VeloxError('forbidden', 'of the test'));
      expect(pollingLinkOf(hub, session.id, ANYBODY)).toBeDefined();
      vi.advanceTimersByTime(1_000);
      expect(pollingLinkOf(hub, session.id, ANYBODY)).toBeUndefined();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
