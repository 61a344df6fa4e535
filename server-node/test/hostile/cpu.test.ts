/** The costs of a hostile client, measured in a process of its own.
 * Bounds are generous, as the machine may be busy; SECURITY.md has no times. */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { HANDSHAKE, RawConnection } from '../rig/raw-connection.js';
import { frame } from '../rig/raw-frames.js';
import { rawWebSocket } from '../rig/raw-client.js';
import { startVictim } from './start-victim.js';

const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits';
const subscribe = (topics: number, seq: number): string =>
  JSON.stringify({ subscribe: Array<object>(topics).fill({}), seq });
const unsubscribe = (topics: number, seq: number): string =>
  JSON.stringify({ unsubscribe: Array<string>(topics).fill('x'), seq });

const EMPTY_FRAMES = Buffer.concat(Array<Buffer>(16_000).fill(frame.raw(0x00, Buffer.alloc(0))));
/** A message whose empty frames take 96 KB: ws refuses more than 16,384. */
const fragmented = (text: string): Buffer =>
  Buffer.concat([frame.raw(0x01, Buffer.from(text)), EMPTY_FRAMES, frame.raw(0x80, Buffer.alloc(0))]);

const ATTACKS: readonly [string, (at: number) => Buffer][] = [
  ['1,000 subscriptions in 47 bytes', (at) => frame.deflated(subscribe(1_000, at))],
  ['1,000 names to unsubscribe', (at) => frame.deflated(unsubscribe(1_000, at))],
  [
    'bombs of 1 MiB',
    (at) => frame.deflated(JSON.stringify({ event: 'x', data: ' '.repeat(1_000_000), seq: at })),
  ],
  [
    'events of 1 MiB',
    (at) => frame.text(JSON.stringify({ event: 'x', data: ' '.repeat(1_000_000), seq: at })),
  ],
  ['messages of 16,000 frames', (at) => fragmented(JSON.stringify({ event: 'x', seq: at }))],
];

it.each(ATTACKS)(
  'a session with %s is read no faster than it pays',
  async (_, attack) => {
    await using victim = await startVictim('asking');
    const neighbour = rawWebSocket(victim.origin);
    onTestFinished(() => neighbour.close());
    neighbour.send({ open: {} });
    await neighbour.find((each) => 'hello' in each);
    const peer = new RawConnection(victim.origin);
    onTestFinished(() => void peer.socket.destroy());
    peer.request([...HANDSHAKE, DEFLATE]);
    await peer.until(/101 Switching Protocols/);
    peer.socket.write(frame.text('{"open":{}}'));
    await peer.until(/"hello"/);
    const frames = Array.from({ length: 40 }, (_, at) => attack(at + 1));
    for (const each of frames) peer.socket.write(each);
    await delay(1_000); // the burst of two seconds
    let at = frames.length;
    const before = await victim.measure();
    const begun = performance.now();
    while (performance.now() - begun < 3_000) {
      if (peer.socket.writableLength < 1 << 20) peer.socket.write(attack(++at));
      await delay(5);
    }
    const after = await victim.measure();
    const share = (after.cpu - before.cpu) / (performance.now() - begun);
    if (process.env.VELOX_FIGURES) process.stdout.write(`${(share * 100).toFixed(1)} % of a core\n`);
    expect(share).toBeLessThan(0.25);
    expect(after.stats.sessions).toBe(2); // it is slowed down, not closed
    neighbour.send({ ping: true });
    await neighbour.find((each) => 'ping' in each);
  },
  30_000,
);

it('a list of more names than limits.subscriptions ends its session', async () => {
  await using victim = await startVictim('open');
  const link = rawWebSocket(victim.origin);
  onTestFinished(() => link.close());
  link.send({ open: {} });
  await link.find((each) => 'hello' in each);
  link.send(unsubscribe(1_001, 1));
  expect(await link.find((each) => 'bye' in each)).toMatchObject({ bye: { code: 'too-many' } });
});

it('200 strangers that wait cost less than 1 ms per second each', async () => {
  await using victim = await startVictim('stuck');
  const links = Array.from({ length: 200 }, () => rawWebSocket(victim.origin));
  onTestFinished(() => links.forEach((link) => link.close()));
  for (const link of links) link.send({ open: {} });
  await delay(500);
  const before = await victim.measure();
  await delay(1_000);
  const after = await victim.measure();
  expect((after.cpu - before.cpu) / links.length).toBeLessThan(1);
});

/** The requests for a snapshot, which the attacker reads without understanding it. */
const SNAPSHOTS: readonly [string, (at: number) => readonly string[], string][] = [
  ['over WebSockets', () => [...HANDSHAKE, DEFLATE], '{"open":{}}'],
  ['over event streams', () => STREAM('velox=3'), ''],
  ['over event streams from foreign positions', (at) => STREAM(`velox=3&id=foreign-${at}&v=${at + 1}`), ''],
  ['as JSON', () => ['GET /sync HTTP/1.1', 'Host: localhost', 'Accept: application/json'], ''],
];
const STREAM = (query: string): readonly string[] => [
  `GET /sync?${query} HTTP/1.1`,
  'Host: localhost',
  'Accept: text/event-stream',
  'Accept-Encoding: gzip',
];

it.each(SNAPSHOTS)(
  'a snapshot of 4 MB, requested 20 times a second %s, is compressed off the loop and once per version',
  async (_, head, open) => {
    await using victim = await startVictim('large');
    const before = await victim.measure();
    const begun = performance.now();
    let received = 0;
    for (let at = 0; at < 60; at++) {
      const peer = connect(Number(new URL(victim.origin).port), '127.0.0.1');
      peer.on('error', () => undefined);
      peer.on('data', ({ length }: Buffer) => (received += length));
      peer.write(`${head(at).join('\r\n')}\r\n\r\n`);
      if (open) peer.write(Buffer.concat([frame.text(open), frame.text('{"subscribe":[{}]}')]));
      onTestFinished(() => void peer.destroy()); // not earlier: on a busy machine, compression takes seconds
      await delay(Math.max(0, begun + at * 50 - performance.now()));
    }
    await vi.waitFor(() => expect(received).toBeGreaterThan(1 << 20), 20_000);
    const after = await victim.measure();
    const share = (after.cpu - before.cpu) / (performance.now() - begun);
    if (process.env.VELOX_FIGURES)
      process.stdout.write(
        `${(share * 100).toFixed(1)} % of a core, ${received} bytes, ${JSON.stringify(after.compressed)}\n`,
      );
    expect(after.compressed.onLoop).toBe(0);
    expect(after.compressed.offLoop).toBeLessThanOrEqual(after.version - before.version + 1);
    const neighbour = rawWebSocket(victim.origin);
    onTestFinished(() => neighbour.close());
    neighbour.send({ open: {} });
    await neighbour.find((each) => 'hello' in each);
  },
  60_000,
);
