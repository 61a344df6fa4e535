/** The typed client for servers, the counterpart of the Go client: each of its behaviours. */
import velox, { type Velox } from '@velox/core/classic';
import { expect, it, onTestFinished, vi } from 'vitest';
import * as server from '../../src/index.js';
import { listen } from '../rig/listen.js';

interface Foo {
  a?: number;
  b?: string;
  $mine?: boolean;
}

function client(url: string, foo: Foo, options?: Parameters<typeof velox.sse>[2]): Velox<Foo> {
  const created = velox.sse<Foo>(url, foo, options);
  onTestFinished(created.disconnect);
  return created;
}

const handlerOf = (state: server.Published<unknown>) => state.handle;

it('requires an object to update', () => {
  expect(() => velox.sse('http://localhost/sync', undefined as never)).toThrow(TypeError);
});

it('keeps the object typed and live: keys that the value lacks go, own keys stay', async () => {
  const state = server.state<Foo>({ a: 1, b: 'x' });
  await using at = await listen(handlerOf(state));
  const foo: Foo = { $mine: true };
  const created = client(at.origin, foo);
  const updates: Foo[] = [];
  created.onupdate = (value) => updates.push({ ...value });
  await vi.waitFor(() => expect(foo).toEqual({ a: 1, b: 'x', $mine: true }));
  state.update((draft) => {
    draft.a = 2;
    delete draft.b;
  });
  await vi.waitFor(() => expect(foo).toEqual({ a: 2, $mine: true }));
  expect(created.obj).toBe(foo);
  expect(updates.at(-1)).toEqual({ a: 2, $mine: true });
  await state.close();
});

it('reports the connection, its id and its version, and reconnects after a cut', async () => {
  const state = server.state<Foo>({ a: 1 });
  await using at = await listen(handlerOf(state));
  const created = client(at.origin, {}, { retry: { delay: () => 10 } });
  const calls: string[] = [];
  created.onconnect = () => calls.push('connect');
  created.ondisconnect = () => calls.push('disconnect');
  await vi.waitFor(() =>
    expect(created).toMatchObject({ connected: true, id: state.position().id, version: 1 }),
  );
  at.cut();
  await vi.waitFor(() => expect(calls).toEqual(['connect', 'disconnect', 'connect']));
  state.update((draft) => void (draft.a = 2));
  await vi.waitFor(() => expect(created).toMatchObject({ connected: true, version: 2, obj: { a: 2 } }));
  await state.close();
});

it('takes the value of a server that was replaced, with its id and version', async () => {
  const [first, second] = [server.state<Foo>({ a: 1 }), server.state<Foo>({ a: 7 })];
  let handle = first.handle;
  await using at = await listen((request, response) => void handle(request, response));
  const created = client(at.origin, {}, { retry: { delay: () => 10 } });
  await vi.waitFor(() => expect(created.version).toBe(1));
  first.update((draft) => void (draft.a = 2));
  await vi.waitFor(() => expect(created.version).toBe(2));
  handle = server.handle(second);
  at.cut();
  await vi.waitFor(() =>
    expect(created).toMatchObject({ id: second.position().id, version: 1, obj: { a: 7 } }),
  );
  await first.close();
});

it('reports no disconnect before it was connected; each failure is an error with a code', async () => {
  const at = await listen((_, response) => void response.writeHead(503).end());
  onTestFinished(() => at.close());
  const delay = vi.fn((failures: number) => failures);
  const created = client(at.origin, {}, { retry: { delay } });
  const [onerror, ondisconnect] = [vi.fn(), vi.fn()];
  created.onerror = onerror;
  created.ondisconnect = () => void ondisconnect();
  await vi.waitFor(() =>
    expect(delay.mock.calls.map(([failures]) => failures)).toEqual(expect.arrayContaining([1, 2, 3])),
  );
  expect(onerror).toHaveBeenCalledWith(expect.objectContaining({ name: 'VeloxError' }));
  expect(ondisconnect).not.toHaveBeenCalled();
});

it('retry: false ends with the first failure', async () => {
  const requests = vi.fn();
  const at = await listen((_, response) => {
    requests();
    response.writeHead(503).end();
  });
  onTestFinished(() => at.close());
  const created = client(at.origin, {}, { retry: false });
  const failed = new Promise((resolve) => (created.onerror = resolve));
  await failed;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(requests).toHaveBeenCalledOnce();
});

it('wait() blocks until disconnect(), which an AbortSignal can call', async () => {
  const state = server.state<Foo>({ a: 1 });
  await using at = await listen(handlerOf(state));
  const created = client(at.origin, {});
  await vi.waitFor(() => expect(created.connected).toBe(true));
  const stop = new AbortController();
  stop.signal.addEventListener('abort', created.disconnect);
  const waited = created.wait();
  stop.abort();
  await waited;
  expect(created.connected).toBe(false);
  await state.close();
});

it('sends own headers, and a name with a password', async () => {
  const seen: (string | undefined)[] = [];
  const hub = server.createHub({
    authorize({ header }) {
      seen.push(header('x-own'), header('authorization'));
    },
  });
  hub.state('', { a: 1 });
  await using at = await listen(hub.handle);
  const created = client(at.origin, {}, { headers: { 'x-own': 'yes' }, username: 'ann', password: 'pw' });
  await vi.waitFor(() => expect(created.version).toBe(1));
  expect(seen).toEqual(['yes', `Basic ${Buffer.from('ann:pw').toString('base64')}`]);
  await hub.close();
});

it('send reaches the handler of the event message', async () => {
  const hub = server.createHub();
  hub.state('', { a: 1 });
  const heard = vi.fn();
  hub.on('message', (_, data) => heard(data));
  await using at = await listen(hub.handle);
  const created = client(at.origin, {});
  await vi.waitFor(() => expect(created.connected).toBe(true));
  created.send({ hello: 'server' });
  await vi.waitFor(() => expect(heard).toHaveBeenCalledExactlyOnceWith({ hello: 'server' }));
  await hub.close();
});
