/** Names and ids that are none, over the network: each is refused by a code that repeats nothing of it, and a neighbour goes on. */
import { expect, it, onTestFinished } from 'vitest';
import * as velox from '../../src/index.js';
import { listen } from '../rig/listen.js';
import { rawSubscribe, rawWebSocket } from '../rig/raw-client.js';

const NAMES: readonly (readonly [string, string])[] = [
  ['a line break', 'secret\nname'],
  ['a null character', 'secret\0name'],
  ['an escape character', 'secret\u001b[2Jname'],
  ['half a character', 'secret \ud83d'],
  ['more than 1,000 characters', `secret${'x'.repeat(1_000)}`],
];
const FRAMES: Readonly<Record<string, (name: string) => object>> = {
  'a topic': (name) => ({ subscribe: [{ topic: name }] }),
  'an id': (name) => ({ subscribe: [{ topic: 'a', id: name, version: 1 }] }),
  'an event': (name) => ({ event: name, data: null, seq: 1 }),
  'a call': (name) => ({ event: name, data: null, seq: 1, call: 1 }),
  'a channel': (name) => ({ event: 'e', channel: name, data: null, seq: 1 }),
};
const cases = Object.entries(FRAMES).flatMap(([kind, frame]) =>
  NAMES.map(([what, name]) => [`${kind} with ${what}`, frame(name)] as const),
);

it.each(cases)('%s is refused over a WebSocket and by POST', async (_, frame) => {
  const logged: unknown[] = [];
  const hub = velox.createHub({ logger: (entry) => void logged.push(entry) });
  const state = hub.state('a', { n: 1 });
  await using server = await listen(hub.handle);
  const neighbour = rawSubscribe(server.origin, { topic: 'a' });
  onTestFinished(() => neighbour.close());
  await neighbour.find(({ topic }) => topic === 'a');
  const link = rawWebSocket(server.origin);
  link.send({ open: {} });
  link.send(frame);
  const { bye } = await link.find((each) => 'bye' in each);
  expect(bye).toMatchObject({ code: expect.stringMatching(/^(bad-frame|too-long)$/) as string });
  expect(await link.whenEnded()).toMatch(/^closed 4400 (bad-frame|too-long)$/);
  const body = JSON.stringify([{ open: {} }, frame]);
  const answer = await fetch(`${server.origin}?velox=3`, {
    method: 'POST',
    body,
    headers: { accept: 'application/json' },
  });
  expect(answer.status).toBe(400);
  for (const text of [JSON.stringify(bye), await answer.text(), JSON.stringify(logged)])
    expect(text).not.toContain('secret');
  state.update((draft) => void draft.n++);
  expect(await neighbour.next()).toMatchObject({ topic: 'a', version: 2 });
});

it.each([
  ['a line break', 'secret%0Aname'],
  ['a null character', 'secret%00name'],
  ['more than limits.topic bytes', `secret${'x'.repeat(1_000)}`],
])('a topic in a URL with %s gets no value, and the answer repeats nothing of it', async (_, topic) => {
  const hub = velox.createHub();
  await using server = await listen(hub.handle);
  for (const accept of ['application/json', 'text/event-stream']) {
    const answer = await fetch(`${server.origin}?velox=3&topic=${topic}`, { headers: { accept } });
    expect([400, 404]).toContain(answer.status);
    expect(await answer.text()).not.toContain('secret');
  }
});
