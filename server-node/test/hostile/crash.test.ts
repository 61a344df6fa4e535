/** Attacks that ended a process once. Each runs against a server in a process of its own. */
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rawStream, rawWebSocket, type Frame } from '../rig/raw-client.js';
import { HANDSHAKE, RawConnection } from '../rig/raw-connection.js';
import { frame } from '../rig/raw-frames.js';
import { CALLBACKS, MISBEHAVIOURS } from './misbehaviours.js';
import { startVictim } from './start-victim.js';

const { version } = createRequire(import.meta.url)('ws/package.json') as { version: string };
const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits';

describe(`bytes that follow an invalid message (ws ${version})`, () => {
  it.each([
    ['of a stranger', []],
    ['of a session', [frame.text('{"open":{}}')]],
  ])('do not end the process: %s', async (_, opening) => {
    await using victim = await startVictim('open');
    for (let attack = 0; attack < 10; attack++) {
      const peer = new RawConnection(victim.origin);
      peer.socket.setNoDelay();
      peer.request([...HANDSHAKE, DEFLATE]);
      await peer.until(/101 Switching Protocols/);
      for (const segment of [
        ...opening,
        frame.deflated(Buffer.alloc(500_000, ' ')), // takes a moment to inflate
        frame.text(Buffer.from([0xff, 0xfe])),
        frame.text('{"ping":true}'),
        frame.text('{"ping":true}'),
      ]) {
        peer.socket.write(segment);
        await delay(attack % 3);
      }
      await delay(20);
      peer.socket.destroy();
    }
    expect(victim.errors()).toBe('');
    const linked = async (): Promise<number> => {
      const { sessions, away } = (await victim.measure()).stats;
      return sessions - away;
    };
    await expect.poll(linked, { timeout: 20_000 }).toBe(0);
  });
});

/** What the client of each cell does, so that every callback is called. */
const DEEDS: readonly Frame[] = [
  { subscribe: [{}, { topic: 'viewed' }, { topic: 'items/1' }, { topic: 'presence/room' }], seq: 1 },
  { event: 'do', data: null, seq: 2 },
  { event: 'unknown', data: null, seq: 3 },
  { event: 'do', data: null, channel: 'lane', seq: 4 },
  { event: 'ask', data: null, call: 1, seq: 5 },
  { event: '$join', data: 'room', call: 2, seq: 6 },
  { event: '$presence', data: { room: 'room', mine: { x: 1 } }, call: 3, seq: 7 },
  { auth: 'token', seq: 8 },
  { ping: true },
];

/**
 * Opens a session, does everything, and returns how it was answered: refused, or the default topic granted or denied.
 *
 * @param taken the number of the last frame that the session has taken: a repeated one has no effect
 */
async function act(
  url: string,
  open: object,
  taken = 0,
): Promise<{ answer: Frame; session: string | undefined }> {
  const link = rawWebSocket(url);
  onTestFinished(() => link.close());
  link.send({ open });
  for (const { seq, ...frame } of DEEDS)
    link.send({ ...frame, ...(seq !== undefined && { seq: Number(seq) + taken }) });
  const isAnswer = (frame: Frame): boolean =>
    'bye' in frame || ('denied' in frame && frame.denied === '') || ('version' in frame && !frame.topic);
  const answer = await link.find(isAnswer).catch((error: unknown) => ({ ended: String(error) }));
  const hello = link.frames.find((frame) => 'hello' in frame)?.hello as { session: string } | undefined;
  link.close();
  return { answer, session: hello?.session };
}

it('no callback that misbehaves ends the process, holds a client beyond the handshake, or harms a neighbour', async () => {
  await using victim = await startVictim('callbacks');
  const neighbour = rawStream(victim.origin);
  onTestFinished(() => neighbour.close());
  await neighbour.find((each) => each.version === 1 || 'body' in each);
  const cells = CALLBACKS.flatMap((callback) =>
    Object.keys(MISBEHAVIOURS).map((misbehaviour) => ({ callback, misbehaviour })),
  );
  let resumed = 0;
  const run = async ({ callback, misbehaviour }: (typeof cells)[number]): Promise<void> => {
    const name = `${callback}: ${misbehaviour}`;
    const url = `${victim.origin}/${encodeURIComponent(callback)}/${encodeURIComponent(misbehaviour)}`;
    const first = await act(url, {});
    expect(first.answer, name).not.toHaveProperty('ended');
    if (first.session === undefined) return;
    const second = await act(url, { session: first.session, ack: 0 }, DEEDS.length);
    expect(second.answer, `${name}, again`).not.toHaveProperty('ended');
    if (second.session === first.session) resumed++;
  };
  // a few at a time: all together, their open frames would come too late for the handshake of a busy machine
  const pending = cells.values();
  const lane = async (): Promise<void> => {
    for (const cell of pending) await run(cell);
  };
  await Promise.all(Array.from({ length: 12 }, lane));
  expect(resumed).toBeGreaterThan(cells.length / 2);
  await delay(2_500); // longer than the handshake of the cells, and the life of a session without a link
  expect(victim.errors()).not.toMatch(/unhandled|uncaught/i);
  expect(victim.isAlive()).toBe(true);
  const before = neighbour.frames.length;
  await expect.poll(() => neighbour.frames.length).toBeGreaterThan(before);
  const late = rawStream(victim.origin);
  onTestFinished(() => late.close());
  await late.find((each) => 'body' in each);
}, 120_000);
