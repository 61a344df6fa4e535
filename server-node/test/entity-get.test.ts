/** Rows of entities as plain JSON: the rights and audiences of a subscription apply, and caches give no row to another client. */
import { expect, it, vi } from 'vitest';
import { createHub, type AnyContract, type HubOptions, type Session } from '../src/index.js';

type Options = HubOptions<string | undefined, Session<string | undefined, AnyContract>>;

const AUTHORIZED: Options = {
  authorize: ({ header }) => header('cookie'),
  identify: (name) => name,
};

/** Reads `items/7`, which is public, and `notes/7`, which each user has. */
function start(options: Options) {
  const hub = createHub<AnyContract, string | undefined>(options);
  hub.entity('items', { fetch: (id) => ({ id }) });
  hub.entity('notes', { audience: 'user', fetch: (id, { audience }) => ({ id, of: audience }) });
  hub.entity('broken', { fetch: () => Promise.reject(new Error('secret')) });
  return (topic: string, headers: Record<string, string> = {}): Promise<Response> =>
    hub.fetch(new Request(`http://localhost/sync?topic=${topic}`, { headers }));
}

it('a GET for a row answers with the row of the user, for private caches alone', async () => {
  const get = start(AUTHORIZED);
  for (const cookie of ['ann', 'bob']) {
    const answer = await get('notes/7', { cookie });
    expect(await answer.json()).toMatchObject({ topic: 'notes/7', body: { id: '7', of: cookie } });
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    expect(answer.headers.get('vary')).toContain('Cookie');
  }
  const etag = (await get('notes/7', { cookie: 'ann' })).headers.get('etag') as string;
  expect((await get('notes/7', { cookie: 'bob', 'if-none-match': etag })).status).toBe(200);
});

it('a GET for a public row is private if the hub has `authorize`, and not otherwise', async () => {
  const own = await start(AUTHORIZED)('items/7', { cookie: 'ann' });
  expect(own.headers.get('cache-control')).toBe('private, no-cache');
  const open = await start({})('items/7');
  expect(open.headers.get('cache-control')).toBe('no-cache');
});

it('a GET for the row of a user answers 401 to an anonymous client', async () => {
  const answer = await start(AUTHORIZED)('notes/7');
  expect(answer.status).toBe(401);
  expect(await answer.json()).toMatchObject({ error: { code: 'unauthorized' } });
});

it('a GET for a row that may be outdated says so in `velox-stale`, and is kept by no cache', async () => {
  let isBroken = false;
  const hub = createHub({ logger: () => undefined });
  const items = hub.entity('items', {
    fetch: (id) => (isBroken ? Promise.reject(new Error('no database')) : { id }),
  });
  const get = (headers: Record<string, string> = {}): Promise<Response> =>
    hub.fetch(new Request('http://localhost/sync?topic=items/7', { headers }));
  const fresh = await get();
  expect(fresh.headers.get('velox-stale')).toBeNull();
  const known = { 'if-none-match': fresh.headers.get('etag') as string };
  expect((await get(known)).status).toBe(304);
  isBroken = true;
  items.notify('7');
  await vi.waitFor(() => expect(items.stats().failed).toBe(1));
  const outdated = await get(known);
  expect(outdated.status).toBe(200);
  expect(outdated.headers.get('velox-stale')).toBe('fetch-failed');
  expect(outdated.headers.get('cache-control')).toBe('no-store');
  expect(await outdated.json()).toMatchObject({ body: { id: '7' } });
});

it('a GET for a row whose fetch fails answers 503, without the error and without the id', async () => {
  const answer = await start({ logger: () => undefined })('broken/7777');
  expect(answer.status).toBe(503);
  const text = await answer.text();
  expect(text).not.toContain('secret');
  expect(text).not.toContain('7777');
});
