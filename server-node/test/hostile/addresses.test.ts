/** Limits per address: they hold over every entrance, and another address goes on. */
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../../src/index.js';
import { listen } from '../rig/listen.js';
import { rawWebSocket } from '../rig/raw-client.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] })); // no address gets new openings
afterEach(() => void vi.useRealTimers());

const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });
const EVE = '203.0.113.7';
const ANN = '198.51.100.1';

/** A hub behind one proxy, in which an address may open two links a second, and ten at once. */
function hubBehindProxy(limits: velox.HubOptions['limits'] = {}, entries: velox.LogEntry[] = []): velox.Hub {
  const logger = (entry: velox.LogEntry): void => void entries.push(entry);
  const hub = velox.createHub({ trustProxy: 1, limits: { opensPerAddress: 2, ...limits }, logger });
  hub.state('', { n: 0 });
  return hub;
}

async function exhaust(origin: string): Promise<void> {
  for (let n = 0; n < 10; n++) await (await fetch(origin, { headers: from(EVE) })).text();
}

const POST = { method: 'POST', body: '[{"open":{}}]' };

it.each<[string, string, RequestInit]>([
  ['a GET for JSON', 'application/json', {}],
  ['an event stream', 'text/event-stream', {}],
  ['an event stream by POST', 'text/event-stream', POST],
  ['an opening POST', 'application/json', POST],
])('an address that opened too much gets 429 and a time for %s', async (_, accept, init) => {
  const entries: velox.LogEntry[] = [];
  await using server = await listen(hubBehindProxy({}, entries).handle);
  const ask = (address: string): Promise<Response> =>
    fetch(`${server.origin}/?velox=3`, { ...init, headers: { accept, ...from(address) } });
  await exhaust(server.origin);
  const refused = await ask(EVE);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ error: { code: 'too-many' } });
  const taken = await ask(ANN);
  expect(taken.status).toBe(200);
  await taken.body?.cancel();
  expect(entries.filter(({ event }) => event === 'too many from an address')).toHaveLength(1);
});

it('an address that opened too much gets close code 4429 and a time over a WebSocket', async () => {
  await using server = await listen(hubBehindProxy().handle);
  await exhaust(server.origin);
  const refused = rawWebSocket(server.origin, from(EVE));
  expect(await refused.next()).toMatchObject({
    bye: { code: 'too-many', retry: expect.any(Number) as number },
  });
  expect(await refused.whenEnded()).toBe('closed 4429 too-many');
  const taken = rawWebSocket(server.origin, from(ANN));
  onTestFinished(() => taken.close());
  taken.send({ open: {} });
  expect(await taken.next()).toHaveProperty('hello');
});

it('polls and POSTs of a session that is there do not count', async () => {
  await using server = await listen(hubBehindProxy().handle);
  const url = `${server.origin}/?velox=3`;
  const opened = await fetch(url, { ...POST, headers: { accept: 'application/json', ...from(EVE) } });
  const [{ hello }] = (await opened.json()) as [{ hello: { session: string } }];
  await exhaust(server.origin);
  const headers = { accept: 'application/json', 'velox-session': hello.session, ...from(EVE) };
  for (let n = 0; n < 12; n++) {
    const post = await fetch(url, { method: 'POST', body: '[{"ping":true}]', headers });
    expect([post.status, (await fetch(url, { headers })).status]).toEqual([200, 200]);
  }
});

it('a peer of the own network has no limit unless trustProxy says that it is not a proxy', async () => {
  const statuses = async (options: velox.HubOptions): Promise<number[]> => {
    const hub = velox.createHub({ ...options, limits: { opensPerAddress: 1 } });
    hub.state('', { n: 0 });
    await using server = await listen(hub.handle);
    const all = await Promise.all(Array.from({ length: 8 }, () => fetch(server.origin)));
    return all.map(({ status }) => status);
  };
  expect(await statuses({})).not.toContain(429);
  expect((await statuses({ trustProxy: 0 })).filter((status) => status === 429)).toHaveLength(3);
});

it('an address with all its sessions gets too-many, and room again when one ends or moves', async () => {
  const hub = hubBehindProxy({ opensPerAddress: Infinity, sessionsPerAddress: 2 });
  await using server = await listen(hub.handle);
  const open = async (address: string, session?: string) => {
    const link = rawWebSocket(server.origin, from(address));
    onTestFinished(() => link.close());
    link.send({ open: { session } });
    return { link, frame: await link.next() };
  };
  const one = await open(EVE);
  await open(EVE);
  expect((await open(EVE)).frame).toMatchObject({ bye: { code: 'too-many' } });
  expect((await open(ANN)).frame).toHaveProperty('hello');
  const { session } = (one.frame as { hello: { session: string } }).hello;
  expect((await open(ANN, session)).frame).toMatchObject({ hello: { session } });
  expect((await open(EVE)).frame).toHaveProperty('hello');
  expect((await open(EVE)).frame).toMatchObject({ bye: { code: 'too-many' } });
  expect((await open(ANN)).frame).toMatchObject({ bye: { code: 'too-many' } });
});
