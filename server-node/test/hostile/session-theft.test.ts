/** A session's id alone gives another client no access to the session, its events, or its polls. */
import type { IncomingMessage } from 'node:http';
import { connect } from '@velox/core';
import { WebSocket } from 'ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as velox from '../../src/index.js';
import { listen } from '../rig/listen.js';
import { rawWebSocket } from '../rig/raw-client.js';

/** Authorizes by token; clients have a name, but nothing identifies them. */
function hubByToken(): velox.Hub {
  return velox.createHub({
    authorize({ token }) {
      if (!token) throw new Error('no token');
      return { user: token };
    },
  });
}

describe('without identify, a client with another context', () => {
  it('gets a new session over a WebSocket', async () => {
    const hub = hubByToken();
    hub.on('wait', (session) => session.emit('secret', 42));
    await using server = await listen(hub.handle);
    const ann = rawWebSocket(server.origin);
    onTestFinished(() => ann.close());
    ann.send({ open: { token: 'ann' } });
    const { hello } = (await ann.next()) as { hello: { session: string } };
    ann.send({ event: 'wait', data: null, seq: 1 });
    await ann.find((frame) => 'event' in frame);
    const eve = rawWebSocket(server.origin);
    onTestFinished(() => eve.close());
    eve.send({ open: { token: 'eve', session: hello.session } });
    expect(await eve.next()).not.toMatchObject({ hello: { session: hello.session } });
    const again = rawWebSocket(server.origin);
    onTestFinished(() => again.close());
    again.send({ open: { token: 'ann', session: hello.session } });
    expect(await again.next()).toMatchObject({ hello: { session: hello.session } });
    expect(await again.next()).toMatchObject({ event: 'secret', data: 42 });
  });

  it('is refused for polls and POSTs', async () => {
    const hub = hubByToken();
    await using server = await listen(hub.handle);
    const url = `${server.origin}/?velox=3`;
    const opened = await fetch(url, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: JSON.stringify([{ open: { token: 'ann' } }]),
    });
    const [{ hello }] = (await opened.json()) as [{ hello: { session: string } }];
    const headers = { accept: 'application/json', 'velox-session': hello.session };
    for (const init of [{}, { method: 'POST', body: '[]' }]) {
      const asEve = await fetch(url, { ...init, headers: { ...headers, authorization: 'Bearer eve' } });
      expect(asEve.status).toBe(404);
    }
    const asAnn = await fetch(url, {
      method: 'POST',
      body: '[]',
      headers: { ...headers, authorization: 'Bearer ann' },
    });
    expect(asAnn.status).toBe(200);
  });
});

describe('with bind, a request that gives another string', () => {
  const agent = (name: string): Record<string, string> => ({ 'user-agent': name });
  const bound = (): velox.Hub =>
    velox.createHub({ bind: (request) => `${(request as IncomingMessage).headers['user-agent']}` });

  it('gets a new session over a WebSocket, also without authorize', async () => {
    await using server = await listen(bound().handle);
    const open = async (name: string, session?: string): Promise<string> => {
      const link = rawWebSocket(server.origin, agent(name));
      onTestFinished(() => link.close());
      link.send({ open: { session } });
      return ((await link.next()) as { hello: { session: string } }).hello.session;
    };
    const stolen = await open('ann');
    expect(await open('eve', stolen)).not.toBe(stolen);
    expect(await open('ann', stolen)).toBe(stolen);
  });

  it('is refused for polls and POSTs', async () => {
    await using server = await listen(bound().handle);
    const url = `${server.origin}/?velox=3`;
    const accept = { accept: 'application/json' };
    const init = { method: 'POST', body: '[{"open":{}}]', headers: { ...accept, ...agent('ann') } };
    const [{ hello }] = (await (await fetch(url, init)).json()) as [{ hello: { session: string } }];
    for (const [name, status] of [
      ['eve', 404],
      ['ann', 200],
    ] as const) {
      const headers = { ...accept, ...agent(name), 'velox-session': hello.session };
      expect((await fetch(url, { headers, method: 'POST', body: '[{"ping":true}]' })).status).toBe(status);
      expect((await fetch(url, { headers })).status).toBe(status);
    }
  });

  it('keeps its binding when its token is renewed', async () => {
    const hub = velox.createHub({
      authorize: ({ token }) => ({ user: token }),
      identify: () => 'ann',
      bind: (request) => `${(request as IncomingMessage).headers['user-agent']}`,
    });
    await using server = await listen(hub.handle);
    const open = async (name: string, session?: string) => {
      const link = rawWebSocket(server.origin, agent(name));
      onTestFinished(() => link.close());
      link.send({ open: { token: 't', session } });
      return { link, hello: ((await link.next()) as { hello: { session: string } }).hello };
    };
    const ann = await open('ann');
    ann.link.send({ auth: 'new' });
    ann.link.send({ ping: true });
    await ann.link.find((frame) => 'ping' in frame);
    expect((await open('eve', ann.hello.session)).hello.session).not.toBe(ann.hello.session);
  });
});

it('1,000 ids of sessions are different UUIDs of version 4, and none is in a URL', async () => {
  const urls: string[] = [];
  const hub = velox.createHub();
  hub.state('', { n: 0 });
  await using server = await listen((request, response) => {
    urls.push(request.url ?? '');
    void hub.handle(request, response);
  });
  const ids = new Set<string>();
  for (let n = 0; n < 1_000; n++) {
    const init = { method: 'POST', headers: { accept: 'application/json' }, body: '[{"open":{}}]' };
    const response = await hub.fetch(new Request('http://h/?velox=3', init));
    const [{ hello }] = (await response.json()) as [{ hello: { session: string } }];
    ids.add(hello.session);
  }
  expect(ids.size).toBe(1_000);
  const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
  for (const id of ids) expect(id).toMatch(uuid);
  for (const transport of ['websocket', 'sse', 'polling'] as const) {
    const sync = connect(server.origin, { transport, WebSocket });
    const replica = sync.replica('');
    onTestFinished(replica.subscribe(() => undefined));
    onTestFinished(() => sync.close());
    sync.emit('e', 1); // over a POST if the link goes one way
    await expect.poll(() => replica.get(), { timeout: 10_000 }).toEqual({ n: 0 });
  }
  expect(urls.length).toBeGreaterThan(3);
  expect(urls.filter((url) => /session|[\da-f]{8}-[\da-f]{4}-/.test(url))).toEqual([]);
});
