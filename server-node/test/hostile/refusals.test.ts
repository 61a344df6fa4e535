/** What refusals show: neither the input, nor whether a session or a topic exists that the client may not have. */
import { expect, it, onTestFinished } from 'vitest';
import * as velox from '../../src/index.js';
import { listen } from '../rig/listen.js';
import { rawWebSocket, type Frame } from '../rig/raw-client.js';

const MARK = 'x7q-mark';
const HTML = `<script>${MARK}</script>`;

it.each<[string, string, RequestInit]>([
  ['a path', `/${MARK}`, { headers: { accept: 'text/html' } }],
  ['a version', `/?velox=${MARK}`, { headers: { accept: 'text/event-stream' } }],
  ['a method', '/?velox=3', { method: MARK.toUpperCase() }],
  ['a type', '/?velox=3', { headers: { accept: `text/${MARK}` } }],
  ['a topic', `/?velox=3&topic=${MARK}`, { headers: { accept: 'application/json' } }],
  ['a session', '/?velox=3', { headers: { accept: 'application/json', 'velox-session': MARK } }],
  ['an origin', '/?velox=3', { method: 'POST', body: '[]', headers: { origin: `https://${MARK}.example` } }],
  ['a body that is not JSON', '/?velox=3', { method: 'POST', body: HTML }],
  ['a frame of no kind', '/?velox=3', { method: 'POST', body: JSON.stringify([{ [HTML]: HTML }]) }],
  [
    'a name that is no name',
    '/?velox=3',
    { method: 'POST', body: JSON.stringify([{ open: {} }, { event: `${HTML}\n`, seq: 1 }]) },
  ],
  ['a token', '/?velox=3', { method: 'POST', body: JSON.stringify([{ open: { token: HTML } }]) }],
  ['a long URL', `/?velox=3&${MARK.repeat(2_000)}`, {}],
])('the refusal of %s does not repeat it', async (_, path, init) => {
  const hub = velox.createHub({
    authorize({ token }) {
      if (token) throw new Error(`not you, ${token}`);
    },
  });
  const response = await hub.fetch(new Request(`http://h${path}`, init));
  const headers = [...response.headers].flat().join(' ');
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect(`${headers} ${await response.text()}`.toLowerCase()).not.toContain(MARK);
  expect(response.headers.get('content-type')).toBe('application/json');
});

it.each<[string, unknown[]]>([
  ['no JSON', [HTML]],
  ['a frame of no kind', [{ open: {} }, { [HTML]: HTML }]],
  ['a name that is no name', [{ open: {} }, { event: `${HTML}\u0000`, data: null, seq: 1 }]],
  ['a call that is not answered', [{ open: {} }, { event: HTML, data: HTML, seq: 1, call: 1 }]],
  [
    'a call of the hub that does not exist',
    [{ open: {} }, { event: `$${HTML}`, data: HTML, seq: 1, call: 1 }],
  ],
  ['a room', [{ open: {} }, { event: '$join', data: HTML, seq: 1, call: 1 }]],
  ['a token', [{ open: { token: HTML } }]],
])('the refusal of %s over a WebSocket does not repeat it', async (_, frames) => {
  const hub = velox.createHub({
    authorize({ token }) {
      if (token) throw new Error(`not you, ${token}`);
    },
  });
  await using server = await listen(hub.handle);
  const link = rawWebSocket(server.origin);
  onTestFinished(() => link.close());
  for (const frame of frames) link.send(frame);
  await link.find((frame) => 'bye' in frame || 'error' in frame);
  expect(JSON.stringify(link.frames)).not.toContain(MARK);
});

/** Everything that a client sees of an answer, except for the moment. */
async function seen(response: Response): Promise<unknown> {
  const headers = [...response.headers].filter(([name]) => name !== 'date');
  return [response.status, headers, await response.text()];
}

it('a session of another client and one that does not exist get the same answers', async () => {
  let asked = 0;
  const hub = velox.createHub({
    authorize: ({ token }) => (asked++, { user: token }),
  });
  await using server = await listen(hub.handle);
  const url = `${server.origin}/?velox=3`;
  const accept = { accept: 'application/json' };
  const opening = { method: 'POST', headers: accept, body: '[{"open":{"token":"ann"}}]' };
  const [{ hello }] = (await (await fetch(url, opening)).json()) as [{ hello: { session: string } }];
  const missing = `${hello.session.slice(0, -4)}0000`;
  for (const init of [{}, { method: 'POST', body: '[{"ping":true}]' }]) {
    const answers = [];
    for (const session of [hello.session, missing]) {
      const before = asked;
      const headers = { ...accept, 'velox-session': session, authorization: 'Bearer eve' };
      answers.push([await seen(await fetch(url, { ...init, headers })), asked - before]);
    }
    expect(answers[0]).toEqual(answers[1]);
  }
});

it('a topic that a client may not see gets the same answers whether it exists or not, and nothing of it is fetched', async () => {
  let fetched = 0;
  const hub = velox.createHub({ canSubscribe: (_, topic) => Promise.resolve(topic === 'public') });
  hub.state('secret', { n: 1 });
  hub.state('public', { n: 1 });
  hub.entity('items', { fetch: () => ++fetched });
  await using server = await listen(hub.handle);
  const get = async (topic: string): Promise<unknown> =>
    seen(
      await fetch(`${server.origin}/?velox=3&topic=${topic}`, { headers: { accept: 'application/json' } }),
    );
  const answers = [await get('secret'), await get('nothing'), await get('items/7')];
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  const link = rawWebSocket(server.origin);
  onTestFinished(() => link.close());
  link.send({ open: {} });
  link.send({ subscribe: ['secret', 'nothing', 'items/7'].map((topic) => ({ topic })) });
  const denied: Frame[] = [];
  while (denied.length < 3) denied.push(await link.find((frame) => 'denied' in frame));
  expect(denied.map(({ code }) => code)).toEqual(['forbidden', 'forbidden', 'forbidden']);
  expect(fetched).toBe(0);
});
