/** Requests that a page of another site causes in a browser: they carry the user's cookies. */
import { describe, expect, it } from 'vitest';
import * as velox from '../../src/index.js';
import { listen } from '../rig/listen.js';
import { rawWebSocket } from '../rig/raw-client.js';

const EVIL = 'https://evil.example';
const STREAM = { accept: 'text/event-stream' };
const JSON_TYPE = { accept: 'application/json' };

/** `fetch` sets `Sec-Fetch-*` itself, so these go through a Request of our own making. */
async function statusOf(hub: velox.Hub, init: RequestInit, headers: Record<string, string>): Promise<number> {
  const path = 'http://h/?velox=3';
  const response = await hub.fetch(new Request(path, { ...init, headers: { ...init.headers, ...headers } }));
  await response.body?.cancel();
  return response.status;
}

const REQUESTS: readonly [string, RequestInit][] = [
  ['an event stream', { headers: STREAM }],
  ['an event stream by POST', { method: 'POST', body: '[{"open":{}}]', headers: STREAM }],
  ['an opening POST', { method: 'POST', body: '[{"open":{}}]', headers: JSON_TYPE }],
  ['a POST of a session', { method: 'POST', body: '[]', headers: { ...JSON_TYPE, 'velox-session': 'x' } }],
  ['a poll', { headers: { ...JSON_TYPE, 'velox-session': 'x' } }],
];

describe.each(REQUESTS)('%s', (_, init) => {
  it.each<[string, Record<string, string>]>([
    ['another origin', { origin: EVIL, 'sec-fetch-site': 'cross-site' }],
    ['another origin, in a browser without Sec-Fetch-Site', { origin: EVIL }],
    ['another site that shows no origin', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour on the same site that shows no origin', { 'sec-fetch-site': 'same-site' }],
  ])('is refused from %s, before authorize runs', async (__, headers) => {
    let asked = 0;
    const hub = velox.createHub({ authorize: () => void asked++ });
    expect(await statusOf(hub, init, headers)).toBe(403);
    expect([asked, hub.stats().sessions]).toEqual([0, 0]);
  });

  it.each<[string, Record<string, string>]>([
    ['the own origin', { origin: 'http://h', 'sec-fetch-site': 'same-origin' }],
    ['the own origin, by a GET that shows none', { 'sec-fetch-site': 'same-origin' }],
    ['the address bar', { 'sec-fetch-site': 'none' }],
    ['a program that is no browser', {}],
    ['a listed origin', { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }],
  ])('is served from %s', async (__, headers) => {
    const hub = velox.createHub({ origins: ['https://app.example'] });
    hub.state('', { n: 0 });
    expect(await statusOf(hub, init, headers)).not.toBe(403);
  });
});

it('a WebSocket is refused from another site, also without an origin', async () => {
  await using server = await listen(velox.createHub().handle);
  for (const headers of [{ origin: EVIL }, { 'sec-fetch-site': 'cross-site' }]) {
    expect(await rawWebSocket(server.origin, headers as Record<string, string>).whenEnded()).toBe(
      'refused 403',
    );
  }
});

it('an event stream of version 2 is refused from another site', async () => {
  const request = new Request('http://h/', { headers: { ...STREAM, origin: EVIL } });
  const hub = velox.createHub();
  hub.state('', { n: 0 });
  expect((await hub.fetch(request)).status).toBe(403);
});
