/** What a browser decompresses is what was sent: permessage-deflate has no checksum, and nothing else would notice. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@playwright/test';
import { createHub } from '@velox/server';

const TOPICS = ['a', 'b'];
const WORDS = 'some words that come again and again, '.repeat(30);

type Value = Record<string, unknown>;
interface Got {
  readonly topic: string;
  readonly version: number;
  readonly value: string;
}

/** In the page: links that come and go, follow one topic or two, and note what each topic becomes. */
async function follow(rounds: number): Promise<{ got: Got[]; transports: string[]; failures: string[] }> {
  const got: Got[] = [];
  const transports: string[] = [];
  const failures: string[] = [];
  let isOver = false;
  const note = (values: Map<string, Value>, data: string): void => {
    const frame = JSON.parse(data) as {
      topic?: string;
      version?: number;
      delta?: true;
      body?: unknown;
    };
    const { topic = '', version, delta, body } = frame;
    if (version === undefined || body === undefined) return;
    if (delta) {
      const value = values.get(topic) as Value;
      for (const { op, path, value: part } of body as { op: string; path: string; value: unknown }[]) {
        if (op === 'remove') delete value[path.slice(1)];
        else value[path.slice(1)] = part;
      }
    } else values.set(topic, body as Value);
    got.push({ topic, version, value: JSON.stringify(values.get(topic)) });
  };
  const webSocket = (topics: string[]): WebSocket => {
    const values = new Map<string, Value>();
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/sync?velox=3`);
    socket.onopen = () => {
      transports.push(socket.extensions);
      socket.send('{"open":{}}');
      socket.send(JSON.stringify({ subscribe: topics.map((topic) => ({ topic })) }));
    };
    socket.onerror = () => isOver || failures.push(`a WebSocket after ${got.length} frames`);
    let seq = 0;
    socket.onmessage = ({ data }) => {
      note(values, data as string);
      if (got.length % 17 === 0) socket.send(JSON.stringify({ event: 'say', data: seq, seq: ++seq }));
    };
    return socket;
  };
  const stream = (topic: string): EventSource => {
    const values = new Map<string, Value>();
    const source = new EventSource(`/sync?velox=3&topic=${topic}`);
    source.onerror = () => isOver || failures.push(`an event stream after ${got.length} frames`);
    source.onmessage = ({ data }) => note(values, data as string);
    return source;
  };
  const links: { close(): void }[] = Array.from({ length: 10 }, () => webSocket(['a']));
  links.push(stream('a'), stream('b'), webSocket(['a', 'b']));
  for (let round = 0; round < rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    links.push(webSocket(round % 3 ? ['a'] : ['b', 'a']));
    if (round % 2) links.splice(round % 10, 1)[0]?.close();
  }
  isOver = true;
  for (const link of links) link.close();
  return { got, transports, failures };
}

test('what a browser decompresses is what was sent, over WebSockets and event streams', async ({ page }) => {
  const hub = createHub();
  const states = TOPICS.map((topic) => hub.state<string, Value>(topic, { n: 0, rest: WORDS }));
  const past = new Map<string, string>();
  const note = (at: number): void => {
    const { version, body } = (states[at] as (typeof states)[number]).snapshot();
    past.set(`${TOPICS[at]} ${version}`, JSON.stringify(body));
  };
  states.forEach((_, at) => note(at));
  hub.on('say', (session, data) => session.emit('private', [data, WORDS]));
  const server = createServer((request, response) => {
    if (!request.url?.startsWith('/sync')) return void response.end('<!doctype html><title>page</title>');
    void hub.handle(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  let n = 0;
  const timer = setInterval(() => {
    const at = ++n % 5 ? 0 : 1;
    states[at]?.update((draft) => {
      draft.n = n;
      draft[`key${n % 7}`] = `word ${n} `.repeat([1, 3, 30, 200][n % 4] as number);
    });
    note(at);
  }, 5);
  try {
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const { got, transports, failures } = await page.evaluate(follow, 25);
    expect(failures).toEqual([]);
    expect([...new Set(transports)]).toEqual(['permessage-deflate; client_no_context_takeover']);
    expect(got.length).toBeGreaterThan(1_000);
    expect(got.filter(({ topic, version, value }) => past.get(`${topic} ${version}`) !== value)).toEqual([]);
  } finally {
    clearInterval(timer);
    await hub.close();
    server.closeAllConnections();
    server.close();
  }
});
