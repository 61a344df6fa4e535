/** A session's id alone gives another client no access to the session, its events, or its polls. */
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
