import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import * as velox from '../index.js';
import { listen } from '../../test/rig/listen.js';
import { rawStream, rawSubscribe, rawWebSocket, type Frame } from '../../test/rig/raw-client.js';

const hello = { hello: expect.objectContaining({ protocol: 3, heartbeat: 15_000 }) as unknown };

it('rejects, and does not throw, for a request that has no socket', async () => {
  const { handle } = velox.state({ n: 0 });
  const bare = { url: '/', method: 'GET', headers: {} };
  await expect(handle(bare as never, {} as never)).rejects.toThrow(TypeError);
});

describe('an event stream', () => {
  it('is hello, a snapshot, then deltas', async () => {
    const state = velox.state({
      a: 1,
      list: [1, 2, 3, 4, 5, 6, 7, 8, 9, 'and so on, so that a delta is shorter'],
    });
    await using server = await listen(state.handle);
    const stream = rawStream(`${server.origin}/sync`);
    expect(await stream.next()).toEqual(hello);
    expect(await stream.next()).toEqual({ id: state.position().id, version: 1, body: state.get() });
    state.update((draft) => void (draft.a = 2));
    expect(await stream.next()).toEqual({
      version: 2,
      delta: true,
      body: [{ op: 'replace', path: '/a', value: 2 }],
    });
    expect(stream.ids).toEqual([undefined, `${state.position().id}:1`, `${state.position().id}:2`]);
    const { headers } = await stream.response;
    expect(headers['content-type']).toBe('text/event-stream');
    expect(headers['cache-control']).toBe('no-cache, no-transform');
    expect(headers['x-accel-buffering']).toBe('no');
  });

  it('resumes from a position: one delta over all that was missed, a bare position, or a snapshot', async () => {
    const state = velox.state({ a: 1, pad: 'x'.repeat(500) });
    await using server = await listen(state.handle);
    for (const a of [2, 3, 4]) {
      state.update((draft) => void (draft.a = a));
      state.position();
    }
    const open = async (query: string, headers = {}): Promise<Frame> => {
      const stream = rawStream(`${server.origin}/sync?${query}`, headers);
      await stream.next();
      const frame = await stream.next();
      stream.close();
      return frame;
    };
    const delta = await open(`id=${state.position().id}&v=2`);
    expect(delta).toMatchObject({ id: state.position().id, version: 4, from: 2, delta: true });
    expect(delta.body).toEqual([
      { op: 'replace', path: '/a', value: 3 },
      { op: 'replace', path: '/a', value: 4 },
    ]);
    expect(await open(`id=${state.position().id}&v=4`)).toEqual({ id: state.position().id, version: 4 });
    expect(await open(`id=foreign&v=4`)).toMatchObject({
      id: state.position().id,
      version: 4,
      body: { a: 4 },
    });
    expect(await open(`id=${state.position().id}&v=9`)).toMatchObject({ version: 4, body: { a: 4 } });
    expect(await open(`id=foreign&v=1`, { 'last-event-id': `${state.position().id}:4` })).toEqual({
      id: state.position().id,
      version: 4,
    });
  });

  it('has pings', async () => {
    const state = velox.state({}, { heartbeat: 20 });
    await using server = await listen(state.handle);
    const stream = rawStream(server.origin);
    expect(await stream.find((frame) => 'ping' in frame)).toEqual({ ping: true });
    expect(await stream.find((frame) => 'ping' in frame)).toEqual({ ping: true });
  });

  it('is served by fetch as well, and ends with its reader', async () => {
    const state = velox.state({ a: 1, pad: 'x'.repeat(500) });
    const response = await state.fetch(
      new Request('http://localhost/sync?velox=3', { headers: { accept: 'text/event-stream' } }),
    );
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const text = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    expect(await text()).toMatch(/^data: \{"hello".*\n\nid: .*:1\ndata: \{"id".*"body":\{"a":1/);
    state.update((draft) => void (draft.a = 2));
    expect(await text()).toContain('"delta":true');
    await reader.cancel();
    state.update((draft) => void (draft.a = 3)); // with no peer it must not throw
    await Promise.resolve();
  });
});

describe('a WebSocket', () => {
  it('needs no further line of code', async () => {
    const state = velox.state({ a: 1, pad: 'x'.repeat(500) });
    await using server = await listen(state.handle);
    const link = rawSubscribe(`${server.origin}/sync`);
    expect(await link.next()).toEqual(hello);
    expect(await link.next()).toMatchObject({ id: state.position().id, version: 1 });
    state.update((draft) => void (draft.a = 2));
    expect(await link.next()).toEqual({
      version: 2,
      delta: true,
      body: [{ op: 'replace', path: '/a', value: 2 }],
    });
    link.send({ ping: true });
    expect(await link.next()).toEqual({ ping: true });
  });

  it('is accepted once by upgrade() in a listener of the application; request listeners see the first handshake at most', async () => {
    const state = velox.state({ a: 1 });
    const mine = vi.fn((_: unknown, response: ServerResponse) => void response.end('mine'));
    await using server = await listen(mine);
    const outcomes: Promise<string>[] = [];
    const take = (...[request, socket, head]: Parameters<typeof state.upgrade>): void => {
      outcomes.push(state.upgrade(request, socket, head), state.upgrade(request, socket, head));
    };
    server.server.on('upgrade', take); // before our own listener
    const first = rawSubscribe(`${server.origin}/sync`);
    expect(await first.next()).toEqual(hello);
    server.server.off('upgrade', take).on('upgrade', take); // and after it
    const second = rawSubscribe(`${server.origin}/sync`);
    expect(await second.next()).toEqual(hello);
    expect(mine).toHaveBeenCalledOnce(); // its answer was withdrawn
    expect(await Promise.all([outcomes[1], outcomes[3]])).toEqual(['passed on', 'passed on']);
  });

  it('is accepted by attach() at its path, and no other request listener sees that path', async () => {
    const state = velox.state({ a: 1 });
    await using server = await listen((_, response) => void response.end('mine'));
    state.attach(server.server, '/live');
    const link = rawSubscribe(`${server.origin}/live`);
    expect(await link.next()).toEqual(hello);
    expect(await (await fetch(`${server.origin}/other`)).text()).toBe('mine');
    const late = vi.fn();
    server.server.on('request', late);
    const value = await fetch(`${server.origin}/live`);
    expect(late).not.toHaveBeenCalled();
    expect(await value.json()).toMatchObject({ version: 1, body: { a: 1 } });
  });

  it('is handled once if the package is loaded twice in a process, for instance after a hot reload', async () => {
    vi.resetModules();
    const again = await import('../index.js');
    const [one, two] = [velox.state({ a: 1 }), again.state({ a: 2 })];
    await using server = await listen((request, response) => {
      void (request.url?.startsWith('/one') ? one : two).handle(request, response);
    });
    expect(await rawSubscribe(`${server.origin}/one`).next()).toEqual(hello);
    expect(await rawSubscribe(`${server.origin}/two`).next()).toEqual(hello);
    expect(server.server.listenerCount('upgrade')).toBe(1);
  });

  it('leaves upgrades of others alone', async () => {
    const state = velox.state({ a: 1 });
    await using server = await listen(state.handle);
    server.server.on('upgrade', (request, socket) => {
      if (!request.url?.includes('velox')) socket.end('HTTP/1.1 418 mine\r\n\r\n');
    });
    const foreign = await fetch(server.origin); // so that the server is adopted
    await foreign.text();
    const { WebSocket } = await import('ws');
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/hmr`);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(418);
    socket.on('error', () => undefined);
    socket.terminate();
    expect(await rawSubscribe(server.origin).next()).toEqual(hello);
  });

  it('is refused to pages of other origins, except the allowed ones', async () => {
    const state = velox.state({ a: 1 }, { origins: ['https://app.example'] });
    await using server = await listen(state.handle);
    expect(await rawWebSocket(server.origin, { origin: 'https://evil.example' }).whenEnded()).toBe(
      'refused 403',
    );
    for (const origin of ['https://app.example', server.origin]) {
      const link = rawWebSocket(server.origin, { origin });
      link.send({ open: {} });
      expect(await link.next()).toEqual(hello);
      link.close();
    }
  });
});

describe('bad input', () => {
  const frames: [string, string, unknown][] = [
    ['not JSON', 'bad-frame', 'hello?'],
    ['not an object', 'bad-frame', '[1]'],
    ['of an unknown kind', 'bad-frame', { nothing: true }],
    ['a malformed subscription', 'bad-frame', { subscribe: [{ topic: 7 }] }],
    ['a version that is none', 'bad-frame', { subscribe: [{ id: 'x', version: -1 }] }],
    ['a second open frame', 'bad-frame', { open: {} }],
    ['of two kinds', 'bad-frame', { ping: true, subscribe: 'x' }],
    ['too deep', 'too-deep', `{"open":{},"x":${'['.repeat(600)}${']'.repeat(600)}}`],
  ];
  it.each(frames)('%s closes with a code, and a neighbour goes on', async (_, code, frame) => {
    const state = velox.state({ a: 1, pad: 'x'.repeat(500) });
    await using server = await listen(state.handle);
    const neighbour = rawSubscribe(server.origin);
    await neighbour.find((each) => 'version' in each);
    const link = rawSubscribe(server.origin);
    await link.find((each) => 'version' in each);
    link.send(frame);
    expect(await link.find((each) => 'bye' in each)).toMatchObject({ bye: { code } });
    expect(await link.whenEnded()).toBe(`closed 4400 ${code}`);
    state.update((draft) => void (draft.a = 2));
    expect(await neighbour.next()).toMatchObject({ version: 2, delta: true });
  });

  it.each([
    [
      'a stream without velox=3',
      'GET',
      '/sync',
      { accept: 'text/event-stream, */*' },
      400,
      'unsupported-version',
    ],
    [
      'a stream of another version',
      'GET',
      '/sync?velox=4',
      { accept: 'text/event-stream' },
      400,
      'unsupported-version',
    ],
    ['a PUT', 'PUT', '/sync?velox=3', {}, 405, 'bad-method'],
    ['a HEAD for a stream', 'HEAD', '/sync?velox=3', { accept: 'text/event-stream' }, 405, undefined],
    ['a HEAD for a poll', 'HEAD', '/sync?velox=3', { 'velox-session': 'x' }, 405, undefined],
    ['a HEAD for the value', 'HEAD', '/sync', {}, 200, undefined],
    ['a POST without frames', 'POST', '/sync?velox=3', {}, 400, 'bad-frame'],
    ['a page', 'GET', '/', { accept: 'text/html' }, 404, 'not-found'],
    ['an image', 'GET', '/sync?velox=3', { accept: 'image/png' }, 406, 'not-acceptable'],
    ['an unknown topic', 'GET', '/sync?topic=none', { accept: 'application/json' }, 404, 'not-found'],
  ])('%s gets a coded answer', async (_, method, path, headers, status, code) => {
    const state = velox.state({ a: 1 });
    await using server = await listen(state.handle);
    const response = await fetch(server.origin + path, {
      method,
      headers: headers as Record<string, string>,
    });
    expect(response.status).toBe(status);
    const text = await response.text();
    if (method === 'HEAD') expect(text).toBe('');
    else expect(JSON.parse(text)).toEqual({ error: { code, message: expect.any(String) as string } });
  });

  it('goes to the next handler if it is not meant for Velox', async () => {
    const state = velox.state({ a: 1 });
    await using server = await listen((request, response) => {
      void state.handle(request, response, () => response.end('next'));
    });
    const post = await fetch(server.origin, { method: 'POST' });
    expect(await post.text()).toBe('next');
  });
});

it('a plain GET gives value and position, with an entity tag', async () => {
  const state = velox.state({ a: 1 });
  await using server = await listen(state.handle);
  const first = await fetch(server.origin);
  expect(await first.json()).toEqual({ id: state.position().id, version: 1, body: { a: 1 } });
  const headers = { 'if-none-match': first.headers.get('etag') as string };
  expect((await fetch(server.origin, { headers })).status).toBe(304);
  state.update((draft) => void (draft.a = 2));
  expect((await fetch(server.origin, { headers })).status).toBe(200);
});

it('close() sends a goodbye and refuses later requests', async () => {
  const state = velox.state({ a: 1 });
  await using server = await listen(state.handle);
  const link = rawSubscribe(server.origin);
  const stream = rawStream(server.origin);
  await Promise.all([link, stream].map((each) => each.find((frame) => 'version' in frame)));
  void state.close();
  expect(await link.next()).toMatchObject({ bye: { code: 'going-away' } });
  expect(await stream.next()).toMatchObject({ bye: { code: 'going-away' } });
  expect(await link.whenEnded()).toBe('closed 1001 going-away');
  expect(await stream.whenEnded()).toBe('ended');
  expect(await rawStream(server.origin).whenEnded()).toBe('refused 503 going-away');
});
