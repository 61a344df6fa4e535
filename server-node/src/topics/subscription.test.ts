/** The frames of one topic to a session: by the right to it, by the version that its client has, and by the state of the value. */
import { afterAll, expect, it, vi } from 'vitest';
import type { Position } from '@velox/core/protocol';
import { MovableValue } from '../../test/rig/movable-value.js';
import type { HistoryLimits } from '../state/history.js';
import type { Message } from '../wire/message.js';
import { Broadcast } from './broadcast.js';
import { Resting } from './resting.js';
import { Seeds } from './seeds.js';
import { Subscription, type Owner } from './subscription.js';

const HOST = { onChange: () => undefined, onDelivered: () => undefined, onEmpty: () => undefined };
const SOURCE = { open: () => 'not-found' as const, release: () => undefined };
const OPTIONS = { longest: 1 << 20, isCompressible: false, resting: new Resting() };
const BUDGET = { left: 1e6 };

afterAll(() => OPTIONS.resting.close());

interface Board {
  n: number;
  text: string;
}

/** A value at version 3 and its broadcast. A step of it is shorter than the whole. */
function publish(topic = 'board', history: Partial<HistoryLimits> = {}) {
  const value = new MovableValue<Board>({ n: 1, text: 'x'.repeat(500) }, { history });
  const broadcast = new Broadcast(topic, value, SOURCE, OPTIONS, HOST);
  const change = (count = 1): void => {
    for (; count > 0; count--) {
      value.update((draft) => void draft.n++);
      broadcast.deliver();
    }
  };
  change(2);
  return { value, broadcast, change, at: (version: number): Position => ({ id: value.id, version }) };
}

interface Client {
  readonly topic?: string;
  readonly known?: Position | undefined;
  /** Default `true`. */
  readonly isResumable?: boolean;
  /** Default `true`. */
  readonly isProven?: boolean;
  readonly made?: Owner['made'];
}

/** A client that wants a topic. */
function want({ topic = 'board', known, isResumable = true, isProven = true, made }: Client = {}) {
  const touch = vi.fn();
  const subscription = new Subscription({ touch, made }, topic, known, isResumable, isProven);
  /** The frames that are pending. */
  const frames = (): Frame[] => {
    const messages: Message[] = [];
    expect(subscription.tell(messages)).toBe(messages.length > 0);
    return messages.map(({ text }) => JSON.parse(text) as Frame);
  };
  return {
    subscription,
    frames,
    told: (): string[] => frames().map(describeFrame),
    /** Whether the session was asked to send since the last call. */
    isTouched: (): boolean => touch.mock.calls.splice(0).some(([each]) => each === subscription),
  };
}

interface Frame {
  readonly topic?: string;
  readonly id?: string;
  readonly version?: number;
  readonly from?: number;
  readonly delta?: boolean;
  readonly body?: unknown;
  readonly for?: string;
  readonly made?: readonly number[];
  readonly denied?: string;
  readonly code?: string;
  readonly stale?: string;
}

/** As `whole 3`, `steps 1-3`, or `version 3` without a body; `+id` if the frame carries an id, `+own` if that is the client's own. */
function describeFrame({ id, version = 0, delta, from = version - 1, ...frame }: Frame): string {
  if (frame.denied !== undefined) return `denied ${frame.code}`;
  if (frame.stale !== undefined) return `stale ${frame.stale}`;
  if (frame.made) return `made ${frame.made.join()}`;
  if (frame.for !== undefined) return `seed ${frame.topic} for ${frame.for}`;
  const content = delta ? `steps ${from}-${version}` : frame.body ? `whole ${version}` : `version ${version}`;
  return `${content}${id === undefined ? '' : id.endsWith('!') ? ' +own' : ' +id'}`;
}

it('sends nothing while a right is asked for, and waits for the newest question alone', () => {
  const { broadcast, change } = publish();
  const { subscription, told, isTouched } = want();
  expect(told()).toEqual([]);
  const [former, newest] = [subscription.ask(), subscription.ask()];
  expect([former, newest].map((each) => subscription.isWaiting(each))).toEqual([false, true]);
  subscription.join(broadcast);
  expect([subscription.isWaiting(newest), isTouched(), told()]).toEqual([false, true, ['whole 3 +id']]);
  subscription.ask();
  isTouched();
  change();
  expect([broadcast.size, isTouched(), told()]).toEqual([0, false, []]);
});

it('sends the whole value first, and then each step once', () => {
  const { broadcast, change } = publish();
  const { subscription, told, isTouched } = want();
  subscription.join(broadcast);
  expect([told(), told()]).toEqual([['whole 3 +id'], []]);
  isTouched();
  change();
  expect([isTouched(), told(), told()]).toEqual([true, ['steps 3-4'], []]);
  change(2);
  expect(told()).toEqual(['steps 4-6']);
});

it('keeps one position for all clients at the newest version', () => {
  const { broadcast } = publish();
  const [one, other] = [want(), want()];
  for (const { subscription, told } of [one, other]) {
    subscription.join(broadcast);
    told();
  }
  expect(one.subscription.known).toBe(other.subscription.known);
});

it.each([
  ['a client that names no version', {}, undefined, 'whole 3 +id'],
  ['a client that proves an earlier version', {}, 1, 'steps 1-3 +id'],
  ['a client that cannot prove an earlier version', { isProven: false }, 1, 'whole 3 +id'],
  ['a client that cannot prove the newest version', { isProven: false }, 3, 'version 3 +id'],
  ['a client that was denied the topic since', { isResumable: false }, 3, 'whole 3 +id'],
])('sends %s the shortest frame that reveals nothing', (_, client, version, first) => {
  const { broadcast, at } = publish();
  const { subscription, told } = want({ ...client, known: version === undefined ? undefined : at(version) });
  subscription.join(broadcast);
  expect([told(), told()]).toEqual([[first], []]);
});

it('sends the steps since any version of a public topic', () => {
  const { broadcast, at } = publish('board', { resume: 'anyone' });
  const { subscription, told } = want({ known: at(1), isProven: false });
  subscription.join(broadcast);
  expect(told()).toEqual(['steps 1-3 +id']);
});

it('sends the whole value to a client with a version of another epoch', () => {
  const { broadcast } = publish();
  const { subscription, told } = want({ known: { id: 'another', version: 2 } });
  subscription.join(broadcast);
  expect(told()).toEqual(['whole 3 +id']);
});

it('sends the steps that a client missed while its right was asked for again', () => {
  const { broadcast, change } = publish();
  const { subscription, told } = want({ isProven: false });
  subscription.join(broadcast);
  told();
  subscription.ask();
  change(2);
  subscription.join(broadcast);
  expect([subscription.isProven, told()]).toEqual([true, ['steps 3-5 +id']]);
});

it('gives a client that is ahead of the server an id of its own, even if the server catches up before it sends', () => {
  const { broadcast, change, at } = publish();
  const [now, late] = [want({ known: at(9) }), want({ known: at(9) })];
  for (const { subscription } of [now, late]) subscription.join(broadcast);
  expect(now.told()).toEqual(['whole 3 +own']);
  change(6);
  expect(late.told()).toEqual(['whole 9 +own']);
  change();
  expect([now.told(), late.told()]).toEqual([['steps 3-10'], ['steps 9-10']]);
  late.subscription.join(broadcast);
  expect(late.told()).toEqual(['version 10 +own']);
});

it('says once that a topic is denied, and sends no steps from before to a client that is granted it again', () => {
  const { broadcast, at } = publish();
  const { subscription, told, isTouched } = want({ known: at(1) });
  subscription.deny('forbidden');
  expect([isTouched(), told(), told()]).toEqual([true, ['denied forbidden'], []]);
  expect([subscription.isProven, subscription.formerEpoch]).toEqual([false, undefined]);
  subscription.deny('not-found');
  expect(told()).toEqual(['denied not-found']);
  subscription.join(broadcast);
  expect(told()).toEqual(['whole 3 +id']);
});

it('reports each reason why there is no value yet once, and again after another answer', () => {
  const { broadcast, at } = publish();
  const { subscription, told, isTouched } = want({ known: at(3) });
  subscription.fail('outage');
  expect([isTouched(), told(), told()]).toEqual([true, ['stale outage'], []]);
  subscription.fail('outage');
  expect(told()).toEqual([]);
  subscription.fail('timeout');
  expect(told()).toEqual(['stale timeout']);
  subscription.ask();
  expect(told()).toEqual([]);
  subscription.deny('forbidden');
  told();
  subscription.fail('timeout');
  expect(told()).toEqual(['stale timeout']);
  subscription.join(broadcast);
  expect(told()).toEqual(['whole 3 +id']);
});

it('keeps the version of its client while there is no value', () => {
  const { broadcast, at } = publish();
  const { subscription, told } = want({ known: at(3) });
  subscription.fail('outage');
  told();
  subscription.join(broadcast);
  expect(told()).toEqual(['version 3 +id']);
});

it('says that a value is outdated until it is current again', () => {
  const { value, broadcast, change } = publish();
  value.setStale('outage');
  const { subscription, told } = want();
  subscription.join(broadcast);
  expect([told(), told()]).toEqual([['whole 3 +id', 'stale outage'], []]);
  value.setStale('timeout');
  expect([told(), told()]).toEqual([['stale timeout'], []]);
  change(); // a state frame would end it
  expect([told(), told()]).toEqual([['steps 3-4', 'stale timeout'], []]);
  value.setStale(undefined);
  expect([told(), told()]).toEqual([['version 4 +id'], []]);
  value.setStale('outage');
  value.setStale(undefined);
  expect(told()).toEqual([]);
});

it('sends the values that belong to a topic once, before its value', () => {
  const { broadcast, change, at } = publish();
  const seeds = (): Seeds => {
    const wanted = { has: () => false, waitFor: <T>(answer: Promise<T>) => answer };
    return new Seeds('board', wanted, [publish('author').broadcast]);
  };
  const [fresh, current] = [want(), want({ known: at(3) })];
  for (const { subscription } of [fresh, current]) subscription.join(broadcast, seeds());
  expect(fresh.told()).toEqual(['seed author for board', 'whole 3 +id']);
  expect(current.told()).toEqual(['version 3 +id']); // it has them with its version
  change();
  expect([fresh.told(), current.told()]).toEqual([['steps 3-4'], ['steps 3-4']]);
});

it('names the calls of its client that a step contains, before the step', () => {
  const { value, broadcast, change } = publish();
  const within = vi.fn((_value: unknown, from: number) => (from === 3 ? [7, 8] : []));
  const { subscription, frames } = want({ made: { within } });
  subscription.join(broadcast);
  expect(frames()).toEqual([expect.objectContaining({ version: 3 })]);
  change();
  expect(frames()).toEqual([{ made: [7, 8], topic: 'board' }, expect.objectContaining({ version: 4 })]);
  expect(within.mock.calls).toEqual([
    [value, 0, 3],
    [value, 3, 4],
  ]);
});

it('leaves the name of the default topic out of its frames', () => {
  const { broadcast } = publish('');
  const { subscription, frames } = want({ topic: '', made: { within: () => [7] } });
  subscription.join(broadcast);
  expect(frames()).toEqual([
    { made: [7] },
    expect.not.objectContaining({ topic: expect.anything() as string }),
  ]);
});

it('has a copy checked once, if the client has the newest version', () => {
  const { broadcast, change } = publish();
  const { subscription, told } = want();
  const checked = (): unknown => {
    subscription.doubt = BUDGET;
    return [subscription.check(), subscription.check()].map(
      (each) => each && (JSON.parse(each.text) as object),
    );
  };
  expect(checked()).toEqual([undefined, undefined]);
  subscription.join(broadcast);
  expect(checked()).toEqual([undefined, undefined]);
  told();
  expect(checked()).toEqual([{ check: expect.any(String) as string, at: 3, topic: 'board' }, undefined]);
  change();
  expect(checked()).toEqual([undefined, undefined]);
});

it('shows which answer it has: none, a value, a denial, or no value yet', () => {
  const { value, broadcast } = publish();
  const { subscription } = want();
  const answer = (): unknown => ({
    versioned: subscription.versioned,
    isJoined: subscription.isJoined,
    isMember: subscription.isMemberOfAny(new Set([broadcast])),
    hasFailed: subscription.hasFailed,
    isRefused: subscription.isRefused,
  });
  const none = { versioned: undefined, isJoined: false, isMember: false, hasFailed: false, isRefused: false };
  expect(answer()).toEqual(none);
  subscription.join(broadcast);
  expect(answer()).toEqual({ ...none, versioned: value, isJoined: true, isMember: true });
  expect(subscription.isMemberOfAny(new Set([publish().broadcast]))).toBe(false);
  subscription.deny('forbidden');
  expect(answer()).toEqual({ ...none, isRefused: true });
  subscription.fail('outage');
  expect(answer()).toEqual({ ...none, hasFailed: true, isRefused: true });
  subscription.ask();
  expect(answer()).toEqual(none);
  subscription.join(broadcast);
  subscription.end();
  expect([answer(), broadcast.size]).toEqual([none, 0]);
});

it('knows the epoch that its client was given or has proven, until the client is to have another value', () => {
  const { value, broadcast, at } = publish();
  expect(want({ known: at(1), isProven: false }).subscription.formerEpoch).toBeUndefined();
  expect(want().subscription.formerEpoch).toBeUndefined();
  const { subscription, told } = want({ known: { id: 'former', version: 2 } });
  expect([subscription.formerEpoch, subscription.known]).toEqual(['former', { id: 'former', version: 2 }]);
  subscription.join(broadcast);
  told();
  expect([subscription.formerEpoch, subscription.known]).toEqual([value.id, at(3)]);
  subscription.leave();
  expect([subscription.formerEpoch, subscription.isProven]).toEqual([undefined, false]);
  subscription.join(broadcast);
  expect(told()).toEqual(['whole 3 +id']);
});

it('notes once that its client has caught up with what a full outlet skipped', () => {
  const { subscription } = want();
  expect(subscription.catchUp()).toBe(false);
  subscription.skip();
  subscription.skip();
  expect([subscription.catchUp(), subscription.catchUp()]).toEqual([true, false]);
});
