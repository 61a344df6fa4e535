import express from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawStream, rawSubscribe, rawWebSocket } from './rig/raw-client.js';
import { HANDSHAKE, RawConnection } from './rig/raw-connection.js';

describe('Express', () => {
  it('with a login in front: a stranger gets 401 on either transport, a user is served on both', async () => {
    const app = express();
    app.use((request, response, next) => {
      if (request.headers.cookie === 'user=ann') next();
      else response.status(401).json({ error: { code: 'login', message: 'Log in.' } });
    });
    app.use('/sync', velox.handle({ a: 1 }));
    await using server = await listen(app);
    const url = `${server.origin}/sync`;

    expect(await rawWebSocket(url).whenEnded()).toBe('refused 401');
    expect(await rawStream(url).whenEnded()).toBe('refused 401 login');

    const cookie = { cookie: 'user=ann' };
    const link = rawWebSocket(url, cookie);
    link.send({ open: {} });
    link.send({ subscribe: [{}] });
    expect(await link.find((frame) => 'version' in frame)).toMatchObject({ body: { a: 1 } });
    expect(await rawStream(url, cookie).find((frame) => 'version' in frame)).toMatchObject({
      body: { a: 1 },
    });
  });

  it('several endpoints on one server, each with its own value; paths below and beside them are not ours', async () => {
    const app = express();
    app.use('/one', velox.handle({ name: 'one' }));
    app.use('/two', velox.handle({ name: 'two' }));
    await using server = await listen(app);
    for (const name of ['one', 'two']) {
      const link = rawSubscribe(`${server.origin}/${name}`);
      expect(await link.find((frame) => 'version' in frame)).toMatchObject({ body: { name } });
    }
    expect(server.server.listenerCount('upgrade')).toBe(1);
    expect((await fetch(`${server.origin}/one/below`)).status).toBe(404);
    expect(await rawWebSocket(`${server.origin}/three`).whenEnded()).toBe('refused 404');
  });

  it.each(['use', 'attach'])(
    'a target that is a whole URL, as proxies may send it, is served by %s',
    async (by) => {
      const app = express();
      const state = velox.state({ a: 1 });
      if (by === 'use') app.use('/sync', state.handle);
      await using server = await listen(app);
      if (by === 'attach') state.attach(server.server, '/sync');
      const raw = new RawConnection(server.origin);
      onTestFinished(() => void raw.socket.destroy());
      const rest = ['Host: localhost', 'Accept: application/json'];
      raw.request(['GET http://localhost/sync HTTP/1.1', ...rest]);
      await raw.until(/"body":{"a":1}/);
      raw.request(['GET http://localhost/sync/below HTTP/1.1', ...rest]);
      await raw.until(/Cannot GET \/sync\/below/);
      raw.request(HANDSHAKE.map((line) => line.replace(' /sync', ' http://localhost/sync')));
      await raw.until(/HTTP\/1.1 101 /);
    },
  );

  it('a route of a router is the whole path, as is the place where `use` mounts it', async () => {
    const app = express();
    const router = express.Router();
    router.all('/sync', velox.handle({ a: 1 }));
    app.use('/api', router);
    await using server = await listen(app);
    const link = rawSubscribe(`${server.origin}/api/sync`);
    expect(await link.find((frame) => 'version' in frame)).toMatchObject({ body: { a: 1 } });
    expect(await (await fetch(`${server.origin}/api/sync`)).json()).toMatchObject({ body: { a: 1 } });
    expect((await fetch(`${server.origin}/api/sync/below`)).status).toBe(404);
  });

  it.each([
    ['text/plain', [express.json(), express.urlencoded()]],
    ['application/json', [express.json(), express.urlencoded()]],
    ['text/plain', [express.text()]],
    ['application/json', [express.raw({ type: '*/*' })]],
  ])('a POST of %s is read behind body parsers, whether they parsed it or not', async (type, parsers) => {
    const app = express();
    app.use(...parsers);
    app.use('/sync', velox.handle({ a: 1 }));
    await using server = await listen(app);
    const response = await fetch(`${server.origin}/sync?velox=3`, {
      method: 'POST',
      body: JSON.stringify([{ open: {} }, { subscribe: [{}] }]),
      headers: { accept: 'application/json', 'content-type': type },
    });
    expect(await response.json()).toMatchObject([{ hello: {} }, { body: { a: 1 } }]);
  });

  it('the object itself publishes its changes by $push', async () => {
    const foo = { a: 1, $secret: true } as velox.Watched<{ a: number; $secret: boolean }>;
    const app = express();
    app.use('/sync', velox.handle(foo));
    app.use('/same', velox.handle(foo));
    await using server = await listen(app);
    const links = ['sync', 'same'].map((path) => rawSubscribe(`${server.origin}/${path}`));
    for (const link of links) {
      expect(await link.find((frame) => 'version' in frame)).toMatchObject({ body: { a: 1 } });
    }
    foo.a = 2;
    foo.$push();
    for (const link of links) expect(await link.next()).toMatchObject({ version: 2, body: { a: 2 } });
    expect(JSON.stringify(foo)).not.toContain('$push');
    expect(velox.state(foo).get()).toEqual({ a: 2 });
  });
});

describe('two endpoints on one path', () => {
  const entries: velox.LogEntry[] = [];
  const logger = (entry: velox.LogEntry): void => void entries.push(entry);
  const said = { level: 'warn', event: 'two endpoints on one path' };

  it('by app.use: the first one says once that the second is never reached', async () => {
    entries.length = 0;
    const app = express();
    app.use('/other', velox.handle({ other: true }));
    app.use('/sync', velox.handle({ a: 1 }, { logger }));
    app.use('/sync', velox.handle({ a: 2 }));
    await using server = await listen(app);
    for (let count = 0; count < 2; count++) await (await fetch(`${server.origin}/sync`)).text();
    expect(entries).toMatchObject([{ ...said, advice: expect.stringContaining('never reached') as string }]);
  });

  it('give no warning if app.use gives them different paths', async () => {
    entries.length = 0;
    const app = express();
    app.use('/one', velox.handle({ a: 1 }, { logger }));
    app.use('/two', velox.handle({ a: 2 }, { logger }));
    await using server = await listen(app);
    for (const path of ['one', 'two']) await (await fetch(`${server.origin}/${path}`)).text();
    expect(entries).toEqual([]);
  });

  it('give no warning if one path is below the other', async () => {
    entries.length = 0;
    const app = express();
    app.use('/sync', velox.handle({ at: '/sync' }, { logger }));
    app.use('/sync/two', velox.handle({ at: '/sync/two' }, { logger }));
    await using server = await listen(app);
    for (const at of ['/sync', '/sync/two']) {
      expect(await (await fetch(`${server.origin}${at}`)).json()).toMatchObject({ body: { at } });
    }
    expect(entries).toEqual([]);
  });

  it('by attach: the second one says that it replaced the first', async () => {
    entries.length = 0;
    await using server = await listen(() => undefined);
    velox.state({ a: 1 }).attach(server.server, '/sync');
    velox.state({ a: 2 }, { logger }).attach(server.server, '/sync');
    expect(entries).toMatchObject([{ ...said, path: '/sync' }]);
    expect(await (await fetch(`${server.origin}/sync`)).json()).toMatchObject({ body: { a: 2 } });
  });
});
