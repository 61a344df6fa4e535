import assert from 'node:assert/strict';
import type { BusPart } from '../../cluster/bus.js';
import { withParts } from '../../cluster/bus-parts.js';
import { until, type Define } from './engine.js';
import { ODD_NAMES, ODD_TEXTS } from './text-tests.js';

/** The guarantees of a bus. */
export function busTests(test: Define<BusPart>): void {
  test('messages arrive in order, at other nodes and at the publisher', async ({ connect, topic }) => {
    const [one, two] = [await connect(), await connect()];
    const near: string[] = [];
    const far: string[] = [];
    await one.bus.subscribe(topic, (data) => near.push(data));
    await two.bus.subscribe(topic, (data) => far.push(data));
    // Also equal ones: an engine may join them.
    const sent = Array.from({ length: 200 }, (_, n) => `${n - (n % 3)}`);
    await Promise.all(sent.map((data) => one.bus.publish(topic, data)));
    await until(() => near.length >= 200 && far.length >= 200, '200 messages');
    assert.deepEqual([near, far], [sent, sent]);
  });

  test('a subscription that ended receives nothing, and other subscriptions still do', async ({
    connect,
    topic,
  }) => {
    const [one, two] = [await connect(), await connect()];
    const ended: string[] = [];
    const kept: string[] = [];
    const stop = await two.bus.subscribe(topic, (data) => ended.push(data));
    await two.bus.subscribe(topic, (data) => kept.push(data));
    stop();
    stop();
    await one.bus.publish(topic, 'first');
    await until(() => kept.length === 1, 'the message');
    const again: string[] = [];
    await two.bus.subscribe(topic, (data) => again.push(data));
    await one.bus.publish(topic, 'second');
    await until(() => kept.length === 2 && again.length === 1, 'the second message');
    assert.deepEqual([ended, kept, again], [[], ['first', 'second'], ['second']]);
  });

  test('a message to a subject without subscribers is not an error', async ({ connect, topic }) => {
    const { bus } = await connect();
    await bus.publish(topic, '"lost"');
    const received: string[] = [];
    await bus.subscribe(topic, (data) => received.push(data));
    await bus.publish(topic, '"heard"');
    await until(() => received.length > 0, 'the message');
    assert.deepEqual(received, ['"heard"']);
  });

  test('messages arrive to the byte, on subjects with odd names', async ({ connect, topic }) => {
    const [one, two] = [await connect(), await connect()];
    const received = new Map<string, string[]>();
    const subjects = [...ODD_NAMES, ...ODD_NAMES.map((name) => `${topic}${name}`)];
    for (const subject of subjects) {
      received.set(subject, []);
      await two.bus.subscribe(subject, (data) => received.get(subject)?.push(data));
    }
    const wanted = (subject: string): string[] => [JSON.stringify(subject), ...ODD_TEXTS];
    for (const subject of subjects)
      await Promise.all(wanted(subject).map((data) => one.bus.publish(subject, data)));
    await until(() => [...received.values()].every(({ length }) => length > ODD_TEXTS.length), 'all texts');
    for (const subject of subjects) assert.deepEqual(received.get(subject), wanted(subject));
  });

  test('a message as long as the limit arrives, and a longer one is refused or arrives in parts', async ({
    connect,
    topic,
  }) => {
    const [one, two] = [await connect(), await connect()];
    const received: string[] = [];
    await two.bus.subscribe(topic, (data) => received.push(data));
    const limit = Math.min(one.bus.limit, 1_000_000);
    await one.bus.publish(topic, 'x'.repeat(limit));
    await until(() => received.length === 1, 'the message');
    assert.equal(received[0], 'x'.repeat(limit));
    if (one.bus.limit < Infinity)
      await assert.rejects(one.bus.publish(topic, 'x'.repeat(one.bus.limit + 1)), { code: 'too-large' });
    const long: string[] = [];
    await withParts(two.bus).subscribe(`${topic} long`, (data) => long.push(data));
    const sent = ['€'.repeat(700_000), 'short', `"${'\u{1f600}'.repeat(300_000)}"`];
    await Promise.all(sent.map((data) => withParts(one.bus).publish(`${topic} long`, data)));
    await until(() => long.length === 3, 'three messages');
    assert.ok(long.every((data) => sent.includes(data)));
  });
}
