/** Messages of other programs on the bus, and of broken ones: they end neither the process nor what the node does. */
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Bus } from '../src/backplane.js';
import { memory } from '../src/backplanes/memory/index.js';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawSubscribe } from './rig/raw-client.js';

/** A bus without a net: a subscriber that throws ends the call of the engine, and with it the process. */
class BareBus implements Bus {
  readonly limit: number = Infinity;
  readonly subscribers = new Map<string, Set<(data: string) => void>>();

  publish(subject: string, data: string): Promise<void> {
    for (const fn of this.subscribers.get(subject) ?? []) fn(data);
    return Promise.resolve();
  }

  subscribe(subject: string, fn: (data: string) => void): Promise<() => void> {
    const all = this.subscribers.get(subject) ?? new Set();
    this.subscribers.set(subject, all.add(fn));
    return Promise.resolve(() => void all.delete(fn));
  }
}

const BROKEN = [
  '',
  ' ',
  ' {',
  ' null',
  ' 7',
  ' "x"',
  ' []',
  ' {}',
  ' {"from":"x"}',
  'p 0 1 {',
  'another program',
];
const BROKEN_LETTERS = ['claim', 'give', 'took', 'pass', 'act', 'frame', 'forward', 'answer', 'none'].flatMap(
  (kind) =>
    [
      'null',
      '7',
      '{}',
      '{"own":7}',
      '{"own":"x","context":"{"}',
      '{"own":"x","reply":"{"}',
      '{"call":1,"request":""}',
    ].map((data) => ` {"from":"abcdefgh","kind":"${kind}","call":1,"data":${data}}`),
);

it('broken messages on every subject are logged and ignored, and the node goes on', async () => {
  const bus = new BareBus();
  const entries: velox.LogEntry[] = [];
  const backplane = { ...memory(), bus };
  const logger = (entry: velox.LogEntry): void => void entries.push(entry);
  const [hub, other] = [
    velox.createHub({ backplane, logger }),
    velox.createHub({ backplane, logger: () => undefined }),
  ];
  onTestFinished(async () => void (await Promise.all([hub.close(), other.close()])));
  hub.state('', 1);
  hub.entity('items', { fetch: (id: string) => ({ id }) });
  hub.on('join', (session) => session.join('room'));
  await using server = await listen(hub.handle);
  const link = rawSubscribe(server.origin, {}, { topic: 'items/7' });
  onTestFinished(() => link.close());
  link.send({ event: 'join', data: null, seq: 1 });
  await vi.waitFor(() => expect([...bus.subscribers.keys()]).toContain('velox room room'));

  for (const subject of [...bus.subscribers.keys()])
    for (const text of [...BROKEN, ...BROKEN_LETTERS]) await bus.publish(subject, text);
  await vi.waitFor(() => expect(entries.some(({ event }) => event === 'broken message')).toBe(true));
  expect(entries.filter(({ level }) => level === 'error')).toEqual([]);

  other.to('room').emit('cast', 1);
  expect(await link.find((frame) => frame.event === 'cast')).toMatchObject({ data: 1 });
});
