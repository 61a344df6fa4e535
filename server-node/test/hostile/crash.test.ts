/** Attacks that ended a process once. Each runs against a server in a process of its own. */
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rawWebSocket, rawStream } from '../rig/raw-client.js';
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
    const { sessions, away } = (await victim.measure()).stats;
    expect(sessions - away).toBe(0);
  });
});

it('no callback that misbehaves ends the process, holds a client beyond the handshake, or harms a neighbour', async () => {
  await using victim = await startVictim('callbacks');
  const neighbour = rawStream(victim.origin);
  onTestFinished(() => neighbour.close());
  await neighbour.find((each) => each.version === 1 || 'body' in each);
  const cells = CALLBACKS.flatMap((callback) =>
    Object.keys(MISBEHAVIOURS).map((misbehaviour) => ({ callback, misbehaviour })),
  );
  await Promise.all(
    cells.map(async ({ callback, misbehaviour }) => {
      const link = rawWebSocket(`${victim.origin}/${callback}/${encodeURIComponent(misbehaviour)}`);
      onTestFinished(() => link.close());
      link.send({ open: {} });
      link.send({ subscribe: [{}], seq: 1 });
      link.send({ event: 'do', data: null, seq: 2 });
      link.send({ auth: 'token', seq: 3 });
      link.send({ ping: true });
      // Either the client is refused, or its topic is granted or denied.
      const answer = await link
        .find((each) => 'bye' in each || 'denied' in each || 'version' in each)
        .catch((error: unknown) => ({ ended: String(error) }));
      expect(answer, `${callback} ${misbehaviour}`).toEqual(
        expect.objectContaining({ [Object.keys(answer).at(0) as string]: expect.anything() as unknown }),
      );
      expect(answer, `${callback} ${misbehaviour}`).not.toHaveProperty('ended');
    }),
  );
  await delay(300); // longer than the handshake of the cells
  expect(victim.errors()).not.toMatch(/unhandled|uncaught/i);
  expect(victim.isAlive()).toBe(true);
  const before = neighbour.frames.length;
  await expect.poll(() => neighbour.frames.length).toBeGreaterThan(before);
  const late = rawStream(victim.origin);
  onTestFinished(() => late.close());
  await late.find((each) => 'body' in each);
});
