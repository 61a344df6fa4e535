/** The memory of a session for its topics: rights that were denied, topics with something to send, and copies to check. */
import { afterAll, expect, it } from 'vitest';
import type { Traffic } from '../diagnostics/traffic.js';
import { LocalState } from '../state/local-state.js';
import type { Message } from '../wire/message.js';
import { FULL_BYTES } from '../wire/outlet.js';
import { Broadcast } from './broadcast.js';
import { Resting } from './resting.js';
import { Subscription } from './subscription.js';
import { Subscriptions } from './subscriptions.js';

const HOST = { onChange: () => undefined, onDelivered: () => undefined, onEmpty: () => undefined };
const SOURCE = { open: () => 'not-found' as const, release: () => undefined };
const OPTIONS = { longest: 1 << 20, isCompressible: false, resting: new Resting() };

afterAll(() => OPTIONS.resting.close());

/** The topics of a session, each with a value of its own; `full.is`: its outlet takes nothing. */
function setUp(...names: readonly string[]) {
  const traffic: Traffic = { skipped: 0, caughtUp: 0, diverged: 0, invalid: 0, dropped: 0 };
  const topics = new Subscriptions(traffic);
  const full = { is: false };
  const owner = { touch: (each: Subscription) => topics.touch(each, full.is) };
  const rig = {
    topics,
    traffic,
    full,
    states: new Map<string, LocalState<{ n: number; text: string }>>(),
    broadcasts: new Map<string, Broadcast>(),
    /** Subscribes to a topic that the session may have, or asks for it alone. */
    want: (topic: string, isGranted = true, text = 'x'.repeat(200)): Subscription => {
      const state = new LocalState({ n: 1, text });
      const broadcast = new Broadcast(topic, state, SOURCE, OPTIONS, HOST);
      rig.states.set(topic, state);
      rig.broadcasts.set(topic, broadcast);
      const subscription = new Subscription(owner, topic, undefined, true, true);
      topics.add(subscription);
      if (isGranted) subscription.join(broadcast);
      return subscription;
    },
    change: (topic: string): void => {
      rig.states.get(topic)?.update((draft) => void draft.n++);
      rig.broadcasts.get(topic)?.deliver();
    },
    /** The topics of the frames that are pending, with the key of each frame. */
    told: (): string[] => {
      const messages: Message[] = [];
      const size = topics.tell(messages);
      expect(size).toBe(messages.reduce((sum, each) => sum + each.size, 0));
      return messages.map(({ text }) => {
        const frame = JSON.parse(text) as { topic: string; check?: string; delta?: boolean };
        return `${frame.topic} ${frame.check ? 'check' : frame.delta ? 'delta' : 'value'}`;
      });
    },
  };
  for (const name of names) rig.want(name);
  return rig;
}

it('remembers the topics that were denied, and forgets those that are granted again', () => {
  const { topics } = setUp();
  expect([topics.isDenied('a'), topics.denied]).toEqual([false, []]);
  topics.noteRight('a', true);
  expect(topics.denied).toEqual([]);
  topics.noteRight('a', false);
  topics.noteRight('b', false);
  expect([topics.isDenied('a'), topics.isDenied('b'), topics.isDenied('c')]).toEqual([true, true, false]);
  topics.noteRight('a', true);
  expect([topics.isDenied('a'), topics.denied]).toEqual([false, ['b']]);
});

it('treats all topics as denied after more than 1,000 denials, also on another node', () => {
  const { topics } = setUp();
  for (let n = 0; n < 1_000; n++) topics.noteRight(`t${n}`, false);
  expect(topics.denied).toHaveLength(1_000);
  expect(topics.isDenied('another')).toBe(false);
  topics.noteRight('t1000', false);
  expect([topics.denied, topics.isDenied('another')]).toEqual(['all', true]);
  topics.noteRight('t1', true);
  topics.noteRight('t2', false);
  expect([topics.denied, topics.isDenied('t1')]).toEqual(['all', true]);
  const moved = setUp().topics;
  moved.denied = topics.denied;
  expect([moved.denied, moved.isDenied('x')]).toEqual(['all', true]);
  moved.denied = ['a'];
  expect([moved.denied, moved.isDenied('a'), moved.isDenied('x')]).toEqual([['a'], true, false]);
});

it('counts its topics, and the questions that are pending', async () => {
  const { topics } = setUp('a', 'b');
  expect([topics.size, [...topics.names]]).toEqual([2, ['a', 'b']]);
  const waiting = topics.waitFor(Promise.resolve(7));
  expect(topics.asking).toBe(1);
  expect([await waiting, topics.asking]).toEqual([7, 0]);
});

it('tells each topic once, however often it was touched, and drops those that are not wanted any more', () => {
  const { topics, change, told } = setUp('a', 'b', 'c');
  expect(told()).toEqual(['a value', 'b value', 'c value']);
  expect([topics.hasDirty, told()]).toEqual([false, []]);
  for (const topic of ['b', 'b', 'a', 'b', 'c', 'a']) change(topic);
  expect(told()).toEqual(['b delta', 'a delta', 'c delta']);
  for (const topic of ['a', 'b', 'c']) change(topic);
  topics.drop('a');
  topics.drop('c');
  topics.drop('none');
  expect([topics.hasDirty, told(), topics.size]).toEqual([true, ['b delta'], 1]);
  change('b');
  topics.drop('b');
  expect([topics.hasDirty, told()]).toEqual([false, []]);
});

it('puts a subscription in the place of a former one to the topic', () => {
  const { topics, want, told } = setUp('a');
  const former = topics.get('a');
  const next = want('a');
  expect([topics.get('a') === next, former?.isJoined, topics.size]).toEqual([true, false, 1]);
  expect(told()).toEqual(['a value']);
});

it('stops at the size that an outlet takes, and goes on with the next topic later', () => {
  const rig = setUp();
  const pad = 'x'.repeat(FULL_BYTES - 1_000);
  for (const topic of ['a', 'b', 'c']) rig.want(topic, true, pad);
  expect([rig.told(), rig.topics.hasDirty]).toEqual([['a value', 'b value'], true]);
  expect([rig.told(), rig.topics.hasDirty]).toEqual([['c value'], false]);
});

it('a full outlet counts what it skips of granted topics, and what catches up', () => {
  const { want, change, told, traffic, full } = setUp('a');
  told();
  full.is = true;
  change('a');
  change('a');
  want('asked', false).touch();
  expect(traffic).toMatchObject({ skipped: 2, caughtUp: 0 });
  full.is = false;
  expect(told()).toEqual(['a delta']);
  expect(traffic).toMatchObject({ skipped: 2, caughtUp: 1 });
  change('a');
  told();
  expect(traffic).toMatchObject({ skipped: 2, caughtUp: 1 });
});

it('touches the members of some broadcasts alone', () => {
  const { topics, broadcasts, states, told } = setUp('a', 'b');
  told();
  for (const state of states.values()) state.update((draft) => void draft.n++);
  topics.touchMembersOf(new Set([broadcasts.get('b') as Broadcast]));
  expect(told()).toEqual(['b delta']);
});

it('checks 16 granted topics at a time, in turn', () => {
  const names = Array.from({ length: 20 }, (_, at) => `t${at}`);
  const { topics, want, told } = setUp(...names.slice(0, 19));
  want('t19', false);
  told();
  const checked = (): string[] => {
    topics.doubt({ left: 1e6 });
    const frames = told();
    for (const frame of frames) expect(frame).toMatch(/ check$/);
    return frames.map((frame) => frame.split(' ')[0] as string);
  };
  expect(checked()).toEqual(names.slice(0, 16));
  expect(checked()).toEqual([...names.slice(16, 19), ...names.slice(0, 12)]);
  expect(setUp().topics.doubt({ left: 1 })).toBeUndefined();
});
