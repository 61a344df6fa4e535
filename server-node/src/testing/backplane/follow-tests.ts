import assert from 'node:assert/strict';
import type { LogPart } from '../../cluster/bus.js';
import type { Place, Revision } from '../../cluster/log.js';
import { Follower } from './follower.js';
import { headOf, random, step, until, type Define } from './engine.js';

/** The guarantees of `follow`. */
export function followTests(test: Define<LogPart>): void {
  test('a follower hears of accepted revisions in order, and never of refused ones', async ({
    connect,
    topic,
  }) => {
    const [one, two] = [await connect(), await connect()];
    let head = headOf(await one.log.open(topic, '0'));
    const near = await Follower.start(one.log, topic, head);
    const far = await Follower.start(two.log, topic, head);
    const tags: string[] = [];
    for (let n = 0; n < 50; n++) {
      const revision = step(n);
      const [result] = await Promise.all([
        one.log.append(topic, head, [revision]),
        two.log.append(topic, { ...head, token: random() }, [step()]),
      ]);
      assert.ok(result.ok);
      tags.push(revision.tag);
      head = result.at;
    }
    for (const follower of [near, far]) {
      await until(() => follower.at.version === head.version, 'the head');
      assert.deepEqual(follower.tags, tags);
      assert.deepEqual(follower.at, head);
      follower.stop();
    }
  });

  test('a follower hears the revision that is appended right after follow() resolves', async ({
    connect,
    topic,
  }) => {
    const [one, two] = [await connect(), await connect()];
    let head = headOf(await one.log.open(topic, '0'));
    for (let n = 0; n < 10; n++) {
      const follower = await Follower.start(two.log, topic, head);
      const result = await one.log.append(topic, head, [step(n)]);
      assert.ok(result.ok);
      await until(() => follower.at.version === result.at.version, 'the revision');
      follower.stop();
      head = result.at;
    }
  });

  test('a follower that stopped hears nothing, and other followers still do', async ({ connect, topic }) => {
    const { log } = await connect();
    const start = headOf(await log.open(topic, '0'));
    const heard: Revision[] = [];
    const stop = await log.follow(
      topic,
      (revision) => heard.push(revision),
      () => {},
    );
    const other = await Follower.start(log, topic, start);
    stop();
    stop();
    const first = (await log.append(topic, start, [step()])) as { at: Place };
    await until(() => other.at.version === 2, 'the other follower');
    const late = await Follower.start(log, topic, first.at);
    other.stop();
    const second = (await log.append(topic, first.at, [step()])) as { at: Place };
    await until(() => late.at.version === second.at.version, 'the late follower');
    late.stop();
    assert.deepEqual([heard, other.at], [[], first.at]);
  });

  test('followers hear of the revisions of their own topic only', async ({ connect, topic }) => {
    const { log } = await connect();
    const names = ['a', 'b', 'c'].map((name) => `${topic} ${name}`);
    const heads = await Promise.all(names.map(async (name) => headOf(await log.open(name, '0'))));
    const followers = await Promise.all(names.map((name, n) => Follower.start(log, name, heads[n] as Place)));
    const steps = names.map((name) => step(name));
    await Promise.all(names.map((name, n) => log.append(name, heads[n] as Place, [steps[n] as never])));
    await until(() => followers.every(({ at }) => at.version === 2), 'one revision each');
    followers.forEach((follower, n) => {
      assert.deepEqual(follower.tags, [steps[n]?.tag]);
      follower.stop();
    });
  });
}
