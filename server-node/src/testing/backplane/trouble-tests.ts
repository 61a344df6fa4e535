import assert from 'node:assert/strict';
import type { BusPart, LogPart } from '../../cluster/bus.js';
import type { Appended, Place } from '../../cluster/log.js';
import { headOf, persist, random, step, until, type Define, type TestEngine } from './engine.js';
import { Follower } from './follower.js';

/** Appends as a node does: after a rejection it reads, and looks for its tag. Returns the new head. */
async function appendSurely({ log }: LogPart, topic: string, after: Place): Promise<Place> {
  const revision = step();
  return persist(async () => {
    const result = await log.append(topic, after, [revision]).catch((): Appended => ({ ok: false }));
    if (result.ok) return result.at;
    const read = await log.read(topic, after);
    assert.ok(typeof read === 'object', String(read));
    const found = read.find(({ tag }) => tag === revision.tag);
    assert.ok(found, 'not appended');
    return found.at;
  });
}

/** The guarantees of a log when its engine has trouble. */
export function troubleTests(engine: TestEngine<LogPart>, test: Define<LogPart>): void {
  const { interrupt, restart, rewind, wipe, begin } = engine;

  test('all nodes on one engine name the same run', async ({ connect }) => {
    const nodes = await Promise.all([connect(), connect()]);
    const [one, two] = await Promise.all(nodes.map(({ log }) => log.run()));
    assert.equal(one, two);
    assert.equal(await nodes[0].log.run(), one);
  });

  if (interrupt)
    test('a node whose connection was cut is in doubt, and then appends and follows again', async ({
      connect,
      topic,
    }) => {
      const [one, two] = [await connect(), await connect()];
      const start = headOf(await one.log.open(topic, '0'));
      const follower = await Follower.start(two.log, topic, start);
      await interrupt();
      let head = await appendSurely(one, topic, start);
      await until(() => follower.doubts > 0, 'a doubt', 30_000);
      await until(() => follower.at.version === head.version, 'the missed revision');
      for (let n = 0; n < 3; n++) head = await appendSurely(one, topic, head);
      await until(() => follower.at.version === head.version, 'the head');
      assert.deepEqual(follower.at, head);
      follower.stop();
    });

  if (restart)
    test('a killed engine keeps acknowledged revisions, and nodes go on after its restart', async ({
      connect,
      topic,
    }) => {
      const [one, two] = [await connect(), await connect()];
      let head = headOf(await one.log.open(topic, '0'));
      const start = head;
      const run = await one.log.run();
      const follower = await Follower.start(two.log, topic, head);
      for (let n = 0; n < 20; n++) head = await appendSurely(one, topic, head);
      const restarted = restart();
      head = await appendSurely(one, topic, head);
      await restarted;
      assert.deepEqual(await persist(() => two.log.heads([topic])), [head]);
      head = await appendSurely(two, topic, head);
      const read = await persist(() => one.log.read(topic, start));
      assert.equal(read.length, 22);
      await until(() => follower.at.version === head.version, 'the head', 30_000);
      follower.stop();
      // An engine that may lose revisions in a restart has to show it.
      if (!one.durable) assert.notEqual(await persist(() => one.log.run()), run);
    });

  if (rewind) rewindTests(rewind, test);

  if (wipe)
    test('an engine that lost its data has another run, refuses appends, and creates topics again', async ({
      connect,
      topic,
    }) => {
      const { log } = await connect();
      const start = headOf(await log.open(topic, '0'));
      const run = await log.run();
      await wipe();
      assert.notEqual(await persist(() => log.run()), run);
      assert.deepEqual(await persist(() => log.heads([topic])), [undefined]);
      const refused = await persist(() => log.append(topic, start, [step()]));
      assert.deepEqual([refused.ok, (refused as { head?: Place }).head], [false, undefined]);
      assert.equal(await log.read(topic, start), 'other');
      const opened = await log.open(topic, '1', 8);
      assert.notEqual(opened.snapshot.at.id, start.id);
      assert.equal(opened.snapshot.at.version, 8);
      assert.equal(opened.run, await log.run());
    });

  if (begin) withinTests(begin, test);
  else
    test('append() refuses `within` on an engine without transactions', async ({ connect, topic }) => {
      const { log } = await connect();
      const start = headOf(await log.open(topic, '0'));
      await assert.rejects(log.append(topic, start, [step()], {}), { code: 'not-supported' });
      assert.deepEqual(await log.heads([topic]), [start]);
    });
}

function rewindTests(rewind: NonNullable<TestEngine<LogPart>['rewind']>, test: Define<LogPart>): void {
  test('revisions that an engine has lost never have the places of those that follow', async ({
    connect,
    topic,
  }) => {
    const [one, two] = [await connect(), await connect()];
    let head = await appendSurely(one, topic, headOf(await one.log.open(topic, '0')));
    const cutPower = await rewind();
    const lost: Place[] = [];
    for (let n = 0; n < 3; n++) {
      head = await appendSurely(one, topic, head);
      lost.push(head);
    }
    await cutPower();
    let [other] = (await persist(() => two.log.heads([topic]))) as [Place];
    assert.equal(other.version, 2);
    for (const place of lost) {
      other = await appendSurely(two, topic, other);
      assert.equal(other.version, place.version);
      assert.notEqual(other.token, place.token);
      // At each length, also that of the lost history.
      for (const each of lost) {
        assert.equal(await persist(() => one.log.read(topic, each)), 'other');
        const refused = await persist(() => one.log.append(topic, each, [step()]));
        assert.deepEqual(refused, { ok: false, head: other });
        assert.equal(await one.log.saveSnapshot(topic, each, '"lost"', 10), false);
      }
    }
    const { snapshot, revisions } = await one.log.open(topic, '0');
    assert.deepEqual([snapshot.value, revisions.length], ['0', 4]);
    assert.deepEqual(headOf({ snapshot, revisions }), other);
  });

  test('open() returns the run in which the head was written or confirmed', async ({ connect, topic }) => {
    const node = await connect();
    const { log } = node;
    const head = await appendSurely(node, topic, headOf(await log.open(topic, '0')));
    const run = await log.run();
    const cutPower = await rewind();
    await cutPower();
    const next = await persist(() => log.run());
    assert.notEqual(next, run);
    assert.notEqual((await log.open(topic, '0')).run, next);
    assert.deepEqual(await persist(() => log.append(topic, head, [])), { ok: true, at: head });
    assert.equal((await log.open(topic, '0')).run, next);
    // The place of the head is the same, also for a node that has not heard of the confirmation.
    const { log: other } = await connect();
    assert.deepEqual(await other.heads([topic]), [head]);
    assert.deepEqual(await log.read(topic, head), []);
    const appended = await log.append(topic, head, [step(), step()]);
    assert.ok(appended.ok);
    assert.equal((await other.read(topic, head)).length, 2);
    assert.equal((await other.open(topic, '0')).run, next);
  });
}

function withinTests(begin: NonNullable<TestEngine<LogPart>['begin']>, test: Define<LogPart>): void {
  test('an append within a transaction is in the log and heard after its commit', async ({
    connect,
    topic,
  }) => {
    const { log } = await connect();
    const start = headOf(await log.open(topic, '0'));
    const follower = await Follower.start(log, topic, start);
    const transaction = await begin();
    const revisions = [step(), step()];
    const result = await log.append(topic, start, revisions, transaction.client);
    assert.ok(result.ok);
    assert.deepEqual(await log.heads([topic]), [start]);
    await transaction.commit();
    assert.deepEqual(await log.heads([topic]), [result.at]);
    await until(() => follower.at.version === 3, 'the revisions');
    follower.stop();
    assert.deepEqual(
      follower.tags,
      revisions.map(({ tag }) => tag),
    );
    assert.ok((await log.append(topic, result.at, [step()])).ok);
  });

  test('an append within a transaction that rolls back leaves nothing in the log', async ({
    connect,
    topic,
  }) => {
    const { log } = await connect();
    const start = headOf(await log.open(topic, '0'));
    const follower = await Follower.start(log, topic, start);
    const transaction = await begin();
    assert.ok((await log.append(topic, start, [step()], transaction.client)).ok);
    await transaction.rollback();
    assert.deepEqual(await log.heads([topic]), [start]);
    const revision = step();
    assert.ok((await log.append(topic, start, [revision])).ok);
    await until(() => follower.at.version === 2, 'the revision');
    follower.stop();
    assert.deepEqual(follower.tags, [revision.tag]);
  });

  test('an append beside a transaction waits for its end, and is refused if the transaction was committed', async ({
    connect,
    topic,
  }) => {
    const { log } = await connect();
    const start = headOf(await log.open(topic, '0'));
    for (const end of ['rollback', 'commit'] as const) {
      const head = (await log.heads([topic]))[0] as Place;
      const transaction = await begin();
      assert.ok((await log.append(topic, head, [step()], transaction.client)).ok);
      const waiting = log.append(topic, head, [step()]);
      await transaction[end]();
      assert.equal((await waiting).ok, end === 'rollback');
    }
    assert.equal((await log.read(topic, start)).length, 2);
  });

  test('a refused append within a transaction leaves the transaction usable', async ({ connect, topic }) => {
    const { log } = await connect();
    const start = headOf(await log.open(topic, '0'));
    const transaction = await begin();
    const refused = await log.append(topic, { ...start, token: random() }, [step()], transaction.client);
    assert.deepEqual(refused, { ok: false, head: start });
    assert.ok((await log.append(topic, start, [step()], transaction.client)).ok);
    await transaction.commit();
    assert.equal((await log.read(topic, start)).length, 1);
  });

  test('a read within a transaction returns what others have committed, and not its own revisions', async ({
    connect,
    topic,
  }) => {
    const { log } = await connect();
    const start = headOf(await log.open(topic, '0'));
    const revision = step();
    const appended = await log.append(topic, start, [revision]);
    assert.ok(appended.ok);
    const transaction = await begin();
    const read = async (after: Place): Promise<unknown> => {
      const found = await log.read(topic, after, transaction.client);
      return Array.isArray(found) ? found.map(({ tag }) => tag) : found;
    };
    assert.deepEqual(await read(start), [revision.tag]);
    assert.ok((await log.append(topic, appended.at, [step(), step()], transaction.client)).ok);
    assert.deepEqual(await read(start), [revision.tag]);
    assert.deepEqual(await read(appended.at), []);
    await transaction.commit();
    assert.equal((await log.read(topic, start)).length, 3);
  });

  test('append() refuses a value of `within` that is no client of the engine', async ({ connect, topic }) => {
    const { log } = await connect();
    const start = headOf(await log.open(topic, '0'));
    await assert.rejects(log.append(topic, start, [step()], { no: 'client' }), { code: 'bad-option' });
    assert.deepEqual(await log.heads([topic]), [start]);
  });
}

/** The guarantees of a bus when its engine has trouble. */
export function busTroubleTests(engine: TestEngine<BusPart>, test: Define<BusPart>): void {
  const { interrupt, restart } = engine;
  for (const [name, harm] of Object.entries({
    'its connections were cut': interrupt,
    'the engine was killed': restart,
  })) {
    if (!harm) continue;
    test(`a subscriber is in doubt after ${name}, and receives messages again`, async ({
      connect,
      topic,
    }) => {
      const [one, two] = [await connect(), await connect()];
      const received: string[] = [];
      let doubts = 0;
      await two.bus.subscribe(
        topic,
        (data) => received.push(data),
        () => doubts++,
      );
      await harm();
      await until(() => doubts > 0, 'a doubt', 30_000);
      await persist(() => one.bus.publish(topic, '"first"'));
      await until(async () => {
        await persist(() => one.bus.publish(topic, '"again"'));
        return received.length > 0;
      }, 'a message');
      const count = received.length;
      await one.bus.publish(topic, '"last"');
      await until(() => received.at(-1) === '"last"', 'the last message');
      assert.ok(count > 0);
    });
  }
}
