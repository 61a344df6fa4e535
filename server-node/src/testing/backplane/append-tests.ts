import assert from 'node:assert/strict';
import type { LogPart } from '../../cluster/bus.js';
import type { Place } from '../../cluster/log.js';
import { headOf, random, step, type Define } from './engine.js';

/** The guarantees of `open` and `append`. */
export function appendTests(test: Define<LogPart>): void {
  test('open() creates a topic at `from`, and finds it with the same id later', async ({
    connect,
    topic,
  }) => {
    const [{ log }, other] = [await connect(), await connect()];
    const first = await log.open(topic, '{"n":0}', 7);
    assert.equal(first.snapshot.at.version, 7);
    assert.equal(first.snapshot.value, '{"n":0}');
    assert.deepEqual(first.revisions, []);
    assert.equal(first.run, await log.run());
    assert.deepEqual(await other.log.open(topic, '{"n":1}', 9), first);
    assert.equal((await log.open(`${topic} two`, '1')).snapshot.at.version, 1);
  });

  test('20 nodes that create a topic at the same time get one id and one value', async ({
    connect,
    topic,
  }) => {
    const nodes = await Promise.all(Array.from({ length: 20 }, connect));
    const opened = await Promise.all(nodes.map(({ log }, n) => log.open(topic, `${n}`)));
    for (const each of opened) assert.deepEqual(each, opened[0]);
  });

  test('append() moves the head by one version for each revision', async ({ connect, topic }) => {
    const { log } = await connect();
    const start = headOf(await log.open(topic, '0'));
    const one = await log.append(topic, start, [step()]);
    assert.ok(one.ok);
    assert.deepEqual([one.at.id, one.at.version], [start.id, start.version + 1]);
    const three = await log.append(topic, one.at, [step(), step(), step()]);
    assert.ok(three.ok);
    assert.equal(three.at.version, start.version + 4);
    assert.deepEqual(await log.heads([topic]), [three.at]);
  });

  test('append() of no revisions compares the head, and changes nothing', async ({ connect, topic }) => {
    const { log } = await connect();
    const start = headOf(await log.open(topic, '0'));
    assert.deepEqual(await log.append(topic, start, []), { ok: true, at: start });
    const { ok } = await log.append(topic, { ...start, token: random() }, []);
    assert.equal(ok, false);
    assert.deepEqual(await log.read(topic, start), []);
  });

  const wrongPlaces: readonly [string, (place: Place, before: Place) => Place][] = [
    ['whose version is taken', (_, before) => before],
    ['that skips a version', (place) => ({ ...place, version: place.version + 1 })],
    ['with the right version and another token', (place) => ({ ...place, token: random() })],
    ['with the token of another version', (place, { token }) => ({ ...place, token })],
    ['with the right version and token and another id', (place) => ({ ...place, id: random() })],
  ];
  for (const [name, wrong] of wrongPlaces) {
    test(`append() refuses a place ${name}, and returns the head`, async ({ connect, topic }) => {
      const { log } = await connect();
      const start = headOf(await log.open(topic, '0'));
      const { at } = (await log.append(topic, start, [step()])) as { at: Place };
      const refused = await log.append(topic, wrong(at, start), [step(), step()]);
      assert.deepEqual(refused, { ok: false, head: at });
      // A refused batch leaves nothing behind.
      assert.deepEqual(await log.heads([topic]), [at]);
      assert.equal((await log.read(topic, start)).length, 1);
    });
  }

  test('append() to a topic that the log does not have is refused without a head', async ({
    connect,
    topic,
  }) => {
    const { log } = await connect();
    const refused = await log.append(topic, { id: random(), version: 1, token: random() }, [step()]);
    assert.deepEqual([refused.ok, (refused as { head?: Place }).head], [false, undefined]);
  });

  test('exactly one of 20 writers at one place wins, in each of 200 rounds', async ({ connect, topic }) => {
    const nodes = await Promise.all(Array.from({ length: 4 }, connect));
    const [{ log }] = nodes as [LogPart];
    let head = headOf(await log.open(topic, '0'));
    for (let round = 0; round < 200; round++) {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (nodes[n % 4] as LogPart).log.append(topic, head, [step()])),
      );
      const winners = results.filter((result) => result.ok);
      assert.equal(winners.length, 1, `round ${round}`);
      head = (winners[0] as { at: Place }).at;
    }
    assert.equal(head.version, 201);
  });

  test('an append that is sent twice is in the log once, and is found by its tag', async ({
    connect,
    topic,
  }) => {
    const { log } = await connect();
    const start = headOf(await log.open(topic, '0'));
    const revision = step();
    const first = await log.append(topic, start, [revision]);
    const second = await log.append(topic, start, [revision]);
    assert.equal(second.ok, false);
    assert.ok(first.ok);
    const read = await log.read(topic, start);
    assert.deepEqual(read, [{ ...revision, at: first.at, previous: start.token }]);
  });

  test('heads() returns the heads of many topics, in the given order', async ({ connect, topic }) => {
    const { log } = await connect();
    const topics = Array.from({ length: 30 }, (_, n) => `${topic} ${n}`);
    const opened = await Promise.all(topics.map((each, n) => log.open(each, '0', n + 1)));
    const asked = topics.flatMap((each) => [each, `${each} missing`]);
    const heads = opened.flatMap((each) => [headOf(each), undefined]);
    assert.deepEqual(await log.heads(asked), heads);
    assert.deepEqual(await log.heads([]), []);
  });

  test('drop() removes a topic, and open() creates it with another id', async ({ connect, topic }) => {
    const { log } = await connect();
    const start = headOf(await log.open(topic, '0'));
    await log.append(topic, start, [step()]);
    await log.drop(topic);
    assert.deepEqual(await log.heads([topic]), [undefined]);
    assert.equal(await log.read(topic, start), 'other');
    const again = await log.open(topic, '5', 3);
    assert.notEqual(again.snapshot.at.id, start.id);
    assert.deepEqual([again.snapshot.at.version, again.snapshot.value, again.revisions], [3, '5', []]);
  });
}
