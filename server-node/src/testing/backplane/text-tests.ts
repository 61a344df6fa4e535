import assert from 'node:assert/strict';
import type { LogPart } from '../../cluster/bus.js';
import type { Place } from '../../cluster/log.js';
import { Follower } from './follower.js';
import { headOf, random, step, until, type Define } from './engine.js';

/** Texts that an engine would change if it parsed, trimmed or re-encoded them. */
export const ODD_TEXTS: readonly string[] = [
  '[]',
  '""',
  ' [ 1 ,\t2\n]\r\n ',
  '{"b":1,"a":2,"b":3}',
  '[1.0,1e400,-0,0.1000,12345678901234567890]',
  JSON.stringify('\u0000\u0001\u001f\u007f"\\/\b\f\n\r\t'),
  '"\u2028\u2029\ufeffäöü€\u{1f600}e\u0301\u00e9"',
  JSON.stringify('\ud800 \udfff'),
  JSON.stringify("'; DROP TABLE velox_head; -- $1 ${x} %s {{y}} \\x00"),
];
/** The longest that an application may give to an update. A dot and 12 characters follow it in the tag of its revision. */
const LONG_NAME = '-_aZ09'.padEnd(64, 'x');
/** Names that have a meaning in some engine. */
export const ODD_NAMES: readonly string[] = [
  '',
  ' ',
  'a.b',
  'a.b.>',
  '*',
  '>',
  '{x}',
  '{}',
  'a}{b',
  'ä b',
  't-',
  '~0020',
  '%20',
  '\'"\\;',
  '\u0000\r\n',
  '\u{1f600}',
  '__proto__',
  'n'.repeat(200),
  `${'n'.repeat(200)}2`,
  'ü'.repeat(2_000),
];

/** The guarantees for all texts, names and lengths. */
export function textTests(test: Define<LogPart>): void {
  test('patches, values and tags come back to the byte', async ({ connect, topic }) => {
    const [one, two] = [await connect(), await connect()];
    let head = headOf(await one.log.open(topic, '0'));
    const follower = await Follower.start(two.log, topic, head);
    const start = head;
    const tags: string[] = [];
    for (const patch of ODD_TEXTS) {
      const tag = `${LONG_NAME}.${random()}`;
      const result = await one.log.append(topic, head, [{ tag, patch }]);
      tags.push(tag);
      assert.ok(result.ok);
      head = result.at;
    }
    const read = await two.log.read(topic, start);
    assert.ok(typeof read === 'object');
    assert.deepEqual(
      read.map(({ patch }) => patch),
      ODD_TEXTS,
    );
    assert.deepEqual(
      read.map(({ tag }) => tag),
      tags,
    );
    await until(() => follower.at.version === head.version, 'the head');
    assert.deepEqual(follower.tags, tags);
    follower.stop();
    for (const [n, text] of ODD_TEXTS.entries()) {
      assert.equal((await one.log.open(`${topic} ${n}`, text)).snapshot.value, text);
      assert.equal((await two.log.open(`${topic} ${n}`, '0')).snapshot.value, text);
      assert.equal(await one.log.saveSnapshot(topic, (read[n] as { at: Place }).at, text, 100), true);
      assert.equal((await two.log.open(topic, '0')).snapshot.value, text);
    }
  });

  test('topics whose odd names differ in a detail are separate topics', async ({ connect, topic }) => {
    const [one, two] = [await connect(), await connect()];
    // The empty name and others stand alone, so earlier tests of this engine may have used them.
    const names = [...ODD_NAMES, ...ODD_NAMES.map((name) => `${topic}${name}`)];
    await Promise.all(names.map((name) => one.log.drop(name)));
    const opened = await Promise.all(names.map((name, n) => one.log.open(name, `${n}`, n + 1)));
    const heads = opened.map(headOf);
    assert.equal(new Set(heads.map(({ id }) => id)).size, names.length);
    assert.deepEqual(await two.log.heads(names), heads);
    const followers = await Promise.all(
      names.map((name, n) => Follower.start(two.log, name, heads[n] as Place)),
    );
    const results = await Promise.all(
      names.map((name, n) => one.log.append(name, heads[n] as Place, [step(name)])),
    );
    assert.ok(results.every(({ ok }) => ok));
    await until(() => followers.every(({ tags }) => tags.length === 1), 'one revision each');
    for (const [n, name] of names.entries()) {
      const at = followers[n]?.at as Place;
      assert.deepEqual(at, (results[n] as { at: Place }).at);
      const { snapshot, revisions } = await two.log.open(name, '"other"');
      assert.deepEqual([snapshot.value, revisions.length], [`${n}`, 1]);
      assert.equal((await two.log.renew(name, at.id)).version, at.version);
      followers[n]?.stop();
    }
    await Promise.all(names.map((name) => one.log.drop(name)));
    assert.deepEqual(
      await two.log.heads(names),
      names.map(() => undefined),
    );
  });

  test('patches of 900 KB and 3 MB and a snapshot of 5 MB are kept and heard', async ({ connect, topic }) => {
    const [one, two] = [await connect(), await connect()];
    const start = headOf(await one.log.open(topic, '0'));
    const follower = await Follower.start(two.log, topic, start);
    const revisions = [step('ü'.repeat(450_000)), step('small')];
    const both = await one.log.append(topic, start, revisions);
    assert.ok(both.ok);
    revisions.push(step('ü'.repeat(1_500_000)));
    const large = await one.log.append(topic, both.at, revisions.slice(2));
    assert.ok(large.ok);
    await until(() => follower.at.version === 4, 'all revisions');
    follower.stop();
    const read = await two.log.read(topic, start);
    assert.ok(typeof read === 'object');
    assert.deepEqual(
      read.map(({ patch }) => patch),
      revisions.map(({ patch }) => patch),
    );
    const value = JSON.stringify('€'.repeat(1_666_666));
    assert.equal(await one.log.saveSnapshot(topic, large.at, value, 0), true);
    const opened = await two.log.open(topic, '1');
    assert.ok(opened.snapshot.value === value);
    assert.deepEqual(headOf(opened), large.at);
    const next = await two.log.append(topic, large.at, [step()]);
    assert.ok(next.ok);
  });

  test('saveSnapshot() removes no patch of 3 MB among the revisions that it keeps', async ({
    connect,
    topic,
  }) => {
    const { log } = await connect();
    let head = headOf(await log.open(topic, '0'));
    const patches = ['first', 'ü'.repeat(1_500_000), 'small', 'ä'.repeat(1_500_000), 'last'].map(step);
    const places: Place[] = [];
    const add = async (revision = step(), keep = 4): Promise<void> => {
      const result = await log.append(topic, head, [revision]);
      assert.ok(result.ok);
      places.push((head = result.at));
      assert.equal(await log.saveSnapshot(topic, head, '"value"', keep), true);
    };
    // More than there are, so all of them stay.
    for (const revision of patches) await add(revision, 10);
    const after = async (place: Place | undefined): Promise<string[]> => {
      const read = await log.read(topic, place as Place);
      assert.ok(typeof read === 'object', String(read));
      return read.map(({ patch }) => patch);
    };
    const texts = patches.map(({ patch }) => patch);
    assert.ok((await after(places[0])).join() === texts.slice(1).join());
    await add();
    assert.ok((await after(places[2])).slice(0, 2).join() === texts.slice(3).join());
  });
}
