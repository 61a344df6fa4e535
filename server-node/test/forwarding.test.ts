/** Requests for sessions of other servers: living ones, ones that have just started, and invented ones. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NodeCluster, type ClusterNode } from './rig/node-cluster.js';

let cluster: NodeCluster;

beforeEach(async () => void (cluster = await NodeCluster.start()));
afterEach(() => cluster[Symbol.asyncDispose]());

const EVE = '203.0.113.7';
const ANN = '198.51.100.1';
const INVENTED = 'zzzzzzzz';

/** A server behind one proxy, in which an address may open two links a second, and ten at once. */
const start = (prepare?: Parameters<NodeCluster['node']>[1]): ClusterNode =>
  cluster.node({ trustProxy: 1, limits: { opensPerAddress: 2 } }, prepare);

interface Sent {
  readonly session?: string;
  readonly from?: string;
  readonly body?: BodyInit;
}

/** Sends a POST to a server. Returns the status of the answer and its content, which have to come within `ms`. */
async function post(
  { hub }: ClusterNode,
  { session, from = EVE, body = '[{"ping":true}]' }: Sent,
  ms: number,
): Promise<{ status: number; content: unknown }> {
  const headers = {
    accept: 'application/json',
    'x-forwarded-for': from,
    ...(session !== undefined && { 'velox-session': session }),
  };
  const init = { method: 'POST', headers, body, duplex: 'half' as const };
  const answers: Response[] = [];
  void hub.fetch(new Request('http://h/?velox=3', init)).then((response) => answers.push(response));
  for (let step = 0; step < 50; step++) await cluster.time.advance(ms / 50);
  const [answer] = answers;
  if (!answer) throw new Error(`no answer within ${ms} ms`);
  return { status: answer.status, content: (await answer.json()) as unknown };
}

/** Opens a session by polling. Returns its id. */
async function open(node: ClusterNode, from = ANN): Promise<string> {
  const { content } = await post(node, { from, body: '[{"open":{}}]' }, 100);
  return (content as [{ hello: { session: string } }])[0].hello.session;
}

const nodeOf = (session: string): string => session.split('.')[0] as string;

const UNKNOWN = { status: 404, content: { error: { code: 'unknown-session' } } };
const TOO_MANY = { status: 429, content: { error: { code: 'too-many' } } };

it('a request for a session of an unknown server is refused, and nothing of it is published', async () => {
  const east = start();
  await cluster.time.advance(5_000);
  const publish = vi.spyOn(east.bus, 'publish');
  const answer = await post(east, { session: `${INVENTED}.x`, body: 'x'.repeat(1 << 20) }, 3_000);
  expect(answer).toMatchObject(UNKNOWN);
  expect(publish.mock.calls.filter(([subject]) => subject.includes(INVENTED))).toEqual([]);
  expect(publish).toHaveBeenCalled(); // its leases
});

it('a request that comes before the first lease of its server waits for the lease', async () => {
  const east = start();
  await cluster.time.advance(5_000);
  const west = start((bus) => (bus.subscribeMs = () => 700));
  const session = await open(west);
  expect(await post(east, { session }, 2_000)).toMatchObject({ status: 200 });
});

it('a forwarded body that does not end is refused after 30 s', async () => {
  const [east, west] = [start(), start()];
  const session = await open(west);
  const answer = await post(east, { session, body: new ReadableStream() }, 30_500);
  expect(answer).toMatchObject({ status: 408, content: { error: { code: 'timeout' } } });
});

it('a forwarded request is refused in time while the bus carries no letters', async () => {
  const east = start((bus) => (bus.subscribeMs = (subject) => (subject.startsWith('velox node ') ? 1e9 : 0)));
  const west = start();
  await cluster.time.advance(3_000);
  const session = await open(west);
  expect(await post(east, { session }, 7_000)).toMatchObject(UNKNOWN);
});

it('an address that sends requests for sessions that are not there gets 429 at its limit, and others go on', async () => {
  const [east, west] = [start(), start()];
  const session = await open(west);
  const publish = vi.spyOn(east.bus, 'publish');
  const forwarded = (): number =>
    publish.mock.calls.filter(([, data]) => data.includes('"kind":"forward"')).length;
  const missing = `${nodeOf(session)}.x`;
  for (let n = 0; n < 10; n++) expect(await post(east, { session: missing }, 10)).toMatchObject(UNKNOWN);
  expect(await post(east, { session: missing }, 10)).toMatchObject(TOO_MANY);
  expect(forwarded()).toBe(10);
  for (let n = 0; n < 12; n++)
    expect(await post(east, { session, from: ANN }, 10)).toMatchObject({ status: 200 });
  await cluster.time.advance(1_000);
  expect(await post(east, { session: missing }, 10)).toMatchObject(UNKNOWN);
});

/** Sends a request to a server, whose client leaves a moment later. */
async function leave({ hub }: ClusterNode, session: string, init: RequestInit): Promise<void> {
  const client = new AbortController();
  const headers = { accept: 'application/json', 'x-forwarded-for': EVE, 'velox-session': session };
  void hub.fetch(new Request('http://h/?velox=3', { ...init, headers, signal: client.signal }));
  for (let step = 0; step < 10; step++) await cluster.time.advance(1);
  client.abort();
  for (let step = 0; step < 10; step++) await cluster.time.advance(1);
}

it.each<[string, RequestInit]>([
  ['POST', { method: 'POST', body: '[{"ping":true}]' }],
  ['poll', {}],
])('a %s whose client leaves before the other server has it counts as well', async (_, init) => {
  const [east, west] = [start(), start()];
  const session = await open(west);
  west.bus.hearMs = () => 5_000;
  for (let n = 0; n < 10; n++) await leave(east, session, init);
  expect(await post(east, { session }, 10)).toMatchObject(TOO_MANY);
});

it('a poll whose client leaves while it waits does not count', async () => {
  const [east, west] = [start(), start()];
  const sessions: string[] = [];
  for (let n = 0; n < 12; n++) sessions.push(await open(west, `198.51.100.${n}`));
  for (const session of sessions) await leave(east, session, {});
  expect(west.hub.stats().away).toBe(12); // their links have ended
  expect(await post(east, { session: `${nodeOf(sessions[0] as string)}.x` }, 10)).toMatchObject(UNKNOWN);
});
