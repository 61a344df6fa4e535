import assert from 'node:assert/strict';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import type { LogPart } from '../../cluster/bus.js';
import type { Log, Place, Revision } from '../../cluster/log.js';
import { headOf, random, step, type Define } from './engine.js';

/** Appends `count` revisions one by one, and returns their places, the first one being `head`. */
async function grow(log: Log, topic: string, head: Place, count: number): Promise<Place[]> {
  const places = [head];
  for (let n = 0; n < count; n++) {
    const result = await log.append(topic, places.at(-1) as Place, [step(n)]);
    assert.ok(result.ok);
    places.push(result.at);
  }
  return places;
}
const versions = (revisions: readonly Revision[] | string): number[] =>
  (revisions as Revision[]).map(({ at }) => at.version);

/** The guarantees of `read`, `saveSnapshot` and `renew`. */
export function readTests(test: Define<LogPart>): void {
  test('read() returns each revision up to the head, and none at the head', async ({ connect, topic }) => {
    const [{ log }, other] = [await connect(), await connect()];
    const places = await grow(log, topic, headOf(await log.open(topic, '0')), 9);
    const read = await other.log.read(topic, places[3] as Place);
    assert.deepEqual(
      (read as Revision[]).map(({ at }) => at),
      places.slice(4),
    );
    const previous = (read as Revision[]).map((each) => each.previous);
    assert.deepEqual(
      previous,
      places.slice(3, -1).map(({ token }) => token),
    );
    assert.deepEqual(await log.read(topic, places[9] as Place), []);
    assert.deepEqual(versions((await other.log.open(topic, '1')).revisions), [2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('read() answers `gone` for a place below the removed revisions', async ({ connect, topic }) => {
    const { log } = await connect();
    const places = await grow(log, topic, headOf(await log.open(topic, '0')), 20);
    assert.equal(await log.saveSnapshot(topic, places[15] as Place, '"15"', 3), true);
    assert.equal(await log.read(topic, places[2] as Place), 'gone');
    assert.deepEqual(versions(await log.read(topic, places[13] as Place)), [15, 16, 17, 18, 19, 20, 21]);
    const { snapshot, revisions } = await log.open(topic, '1');
    assert.deepEqual(snapshot, { at: places[15], value: '"15"' });
    assert.deepEqual(
      revisions.map(({ at }) => at),
      places.slice(16),
    );
  });

  test('read() answers `other` for an unknown id, a token of another history, and a place ahead of the head', async ({
    connect,
    topic,
  }) => {
    const { log } = await connect();
    const places = await grow(log, topic, headOf(await log.open(topic, '0')), 4);
    const [, , inside, , head] = places as [Place, Place, Place, Place, Place];
    assert.equal(await log.read(topic, { ...inside, id: random() }), 'other');
    assert.equal(await log.read(topic, { ...inside, token: head.token }), 'other');
    assert.equal(await log.read(topic, { ...head, token: inside.token }), 'other');
    assert.equal(await log.read(topic, { ...head, version: head.version + 1 }), 'other');
    assert.equal(await log.read(`${topic} missing`, head), 'other');
  });

  test('saveSnapshot() moves a snapshot forward only, and only to a place of its history', async ({
    connect,
    topic,
  }) => {
    const { log } = await connect();
    const places = await grow(log, topic, headOf(await log.open(topic, '0')), 10);
    const [, , early, , , middle, later] = places;
    const head = places[10];
    const save = (at: Place | undefined, value: string): Promise<boolean> =>
      log.saveSnapshot(topic, at as Place, value, 2);
    assert.equal(await save(middle, '"5"'), true);
    assert.equal(await save(middle, '"again"'), false);
    assert.equal(await save(early, '"2"'), false);
    assert.equal(await save({ ...(later as Place), id: random() }, '"id"'), false);
    assert.equal(await save({ ...(later as Place), token: (head as Place).token }, '"token"'), false);
    assert.equal(await save({ ...(head as Place), version: 99 }, '"ahead"'), false);
    assert.equal((await log.open(topic, '1')).snapshot.value, '"5"');
    assert.equal(await save(head, '"10"'), true);
    const { snapshot, revisions } = await log.open(topic, '1');
    assert.deepEqual([snapshot, revisions], [{ at: head, value: '"10"' }, []]);
    assert.equal(await log.saveSnapshot(`${topic} missing`, head as Place, '1', 2), false);
  });

  test('read() and saveSnapshot() take places in the middle of revisions that were appended together', async ({
    connect,
    topic,
  }) => {
    const [{ log }, other] = [await connect(), await connect()];
    const start = headOf(await log.open(topic, '0'));
    const steps = ['a', 'ü', '€', 'd'].map((value) => step(value));
    const { at: head } = (await log.append(topic, start, steps)) as { at: Place };
    const read = (await log.read(topic, start)) as Revision[];
    assert.deepEqual(
      read.map(({ tag, patch }) => ({ tag, patch })),
      steps,
    );
    assert.deepEqual(read.at(-1)?.at, head);
    const middle = read[1]?.at as Place;
    assert.deepEqual(await other.log.append(topic, middle, [step()]), { ok: false, head });
    assert.deepEqual(await other.log.read(topic, middle), read.slice(2));
    const { at: last } = (await log.append(topic, head, [step()])) as { at: Place };
    assert.deepEqual(versions(await other.log.read(topic, middle)), [4, 5, 6]);
    assert.equal(await log.saveSnapshot(topic, middle, '"middle"', 0), true);
    const opened = await other.log.open(topic, '1');
    assert.deepEqual(opened.snapshot, { at: middle, value: '"middle"' });
    assert.deepEqual(versions(opened.revisions), [4, 5, 6]);
    assert.deepEqual(headOf(opened), last);
    const renewed = await other.log.renew(topic, head.id);
    const again = await log.open(topic, '1');
    assert.deepEqual([versions(again.revisions), headOf(again)], [[4, 5, 6], renewed]);
    assert.equal(again.snapshot.value, '"middle"');
  });

  test('append() works after a snapshot has removed all revisions', async ({ connect, topic }) => {
    const { log } = await connect();
    const places = await grow(log, topic, headOf(await log.open(topic, '0')), 5);
    const head = places[5] as Place;
    assert.equal(await log.saveSnapshot(topic, head, '"5"', 0), true);
    assert.deepEqual(await log.read(topic, head), []);
    const more = await grow(log, topic, head, 3);
    assert.deepEqual(versions(await log.read(topic, head)), [7, 8, 9]);
    assert.deepEqual(headOf(await log.open(topic, '1')), more[3]);
  });

  test('open() and read() leave no hole while other nodes append and remove revisions', async ({
    connect,
    topic,
  }) => {
    const nodes = await Promise.all(Array.from({ length: 4 }, connect));
    const [writer, , ...loaders] = nodes as [LogPart, LogPart, ...LogPart[]];
    let head = headOf(await writer.log.open(topic, '"1"'));
    const end = Date.now() + 3_000;
    const appending = (async () => {
      while (Date.now() < end) {
        await immediate(); // an engine in the process may answer without giving way to others
        const result = await writer.log.append(topic, head, [step()]);
        assert.ok(result.ok);
        head = result.at;
      }
    })();
    const saving = (async () => {
      while (Date.now() < end) {
        await sleep(1);
        await (nodes[1] as LogPart).log.saveSnapshot(topic, head, `"${head.version}"`, 3);
      }
    })();
    let loads = 0;
    const loading = loaders.map(async ({ log }) => {
      for (; Date.now() < end; loads++) {
        await immediate();
        const { snapshot, revisions } = await log.open(topic, '0');
        assert.equal(snapshot.value, `"${snapshot.at.version}"`);
        let { version, token } = snapshot.at;
        for (const revision of revisions) {
          assert.equal(revision.at.version, ++version);
          assert.equal(revision.previous, token);
          token = revision.at.token;
        }
        const later = await log.read(topic, headOf({ snapshot, revisions }));
        if (later === 'gone') continue;
        assert.ok(later !== 'other');
        for (const revision of later) assert.equal(revision.at.version, ++version);
      }
    });
    await Promise.all([appending, saving, ...loading]);
    assert.ok(loads > 10 && head.version > 10, `${loads} loads of ${head.version} versions`);
  });

  test('one of two nodes that renew a topic wins; the version stays, and the old id is refused', async ({
    connect,
    topic,
  }) => {
    const [one, two] = [await connect(), await connect()];
    const places = await grow(one.log, topic, headOf(await one.log.open(topic, '"0"')), 5);
    const old = places[5] as Place;
    const renewed = await Promise.all([one.log.renew(topic, old.id), two.log.renew(topic, old.id)]);
    const head = renewed[0];
    assert.deepEqual(renewed[1], head);
    assert.notEqual(head.id, old.id);
    assert.equal(head.version, old.version);
    assert.deepEqual(await one.log.append(topic, old, [step()]), { ok: false, head });
    assert.equal(await two.log.read(topic, places[2] as Place), 'other');
    const opened = await two.log.open(topic, '1');
    assert.deepEqual([opened.snapshot.value, headOf(opened)], ['"0"', head]);
    assert.ok([opened.snapshot, ...opened.revisions].every(({ at }) => at.id === head.id));
    assert.deepEqual(versions(opened.revisions), [2, 3, 4, 5, 6]);
    const more = await grow(two.log, topic, head, 2);
    assert.deepEqual(versions(await one.log.read(topic, head)), [7, 8]);
    assert.equal(await one.log.saveSnapshot(topic, more[1] as Place, '"7"', 1), true);
    await assert.rejects(one.log.renew(`${topic} missing`, old.id), { code: 'not-found' });
  });
}
