/** The topics of one connection: what it asks the server for, and what it makes of the answers. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ServerFrame } from '../protocol/frames.js';
import { createCell } from '../reactive/readable.js';
import { IDLE, type Status } from './status.js';
import { createSubscriptions } from './subscriptions.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** How long a topic stays wanted after its last subscriber left, in ms. */
const LINGER_MS = 1_000;

/** The topics of a connection that a test plays; each value is published when it arrives. */
function setUp() {
  const [onChange, onStale] = [vi.fn(), vi.fn()];
  const topics = createSubscriptions({
    owned: () => new Set(),
    schedule: (publish) => publish(),
    flush: () => undefined,
    status: createCell<Status>({ ...IDLE, state: 'open' }),
    onChange,
    onStale,
  });
  return {
    topics,
    onChange,
    onStale,
    /** Subscribes topics, and returns the function that ends that. */
    want: (...names: readonly string[]): (() => void) => {
      const stops = names.map((topic) => topics.replica(topic).subscribe(() => undefined));
      return () => {
        for (const stop of stops) stop();
        vi.advanceTimersByTime(LINGER_MS);
      };
    },
    say: (frame: object): void => topics.receive(frame as ServerFrame),
    reason: (topic: string) => topics.replica(topic).status.get().reason,
  };
}

const snapshot = (topic: string | undefined, body: unknown): object => ({ topic, id: 'a', version: 1, body });

it('gives the same replica for a topic, also for the default topic without a name', () => {
  const { topics } = setUp();
  expect(topics.replica('board')).toBe(topics.replica('board'));
  expect(topics.replica()).toBe(topics.replica(''));
  expect(topics.replica('board')).not.toBe(topics.replica());
});

it.each(['a\nb', '\0', '\u007f', 5, {}, true, null])('refuses the topic %j', (topic) => {
  expect(() => setUp().topics.replica(topic as string)).toThrow(
    expect.objectContaining({
      code: 'bad-option',
      message: expect.stringContaining(
        'a topic is no text, or has control characters. Correct its name.',
      ) as string,
    }),
  );
});

it('shows an initial value that is given for a replica that exists', () => {
  const { topics } = setUp();
  const replica = topics.replica('board');
  topics.replica('board', { id: 'a', version: 4, body: 'rendered' });
  expect(replica.get()).toBe('rendered');
  topics.replica('board');
  replica.subscribe(() => undefined);
  expect(topics.frames(Infinity)).toEqual([{ subscribe: [{ topic: 'board', id: 'a', version: 4 }] }]);
});

it('asks once for wanted topics, and first ends those that are not wanted any more', () => {
  const { topics, want, onChange } = setUp();
  expect([topics.frames(Infinity), topics.hasWanted()]).toEqual([[], false]);
  const leave = want('a', 'b');
  expect([onChange.mock.calls.length, topics.hasWanted()]).toEqual([2, true]);
  expect(topics.frames(Infinity)).toEqual([{ subscribe: [{ topic: 'a' }, { topic: 'b' }] }]);
  expect(topics.frames(Infinity)).toEqual([]);
  want('c');
  leave();
  expect(topics.frames(Infinity)).toEqual([{ unsubscribe: ['a', 'b'] }, { subscribe: [{ topic: 'c' }] }]);
  want('')();
  expect([topics.frames(Infinity), topics.hasWanted()]).toEqual([[], true]);
});

it('ends the default topic by its empty name', () => {
  const { topics, want } = setUp();
  const leave = want('');
  topics.frames(Infinity);
  leave();
  expect([topics.frames(Infinity), topics.hasWanted()]).toEqual([[{ unsubscribe: [''] }], false]);
});

it('leaves topics for the next call once enough bytes are used', () => {
  const { topics, want } = setUp();
  want('ab', '日本', 'ef', 'gh');
  // With its escaped quotes and braces, the request for `ab` counts 26.
  const asked = (bytes: number): unknown[] =>
    topics
      .frames(bytes)
      .flatMap((frame) => ('subscribe' in frame ? frame.subscribe.map(({ topic }) => topic) : []));
  expect(asked(-1)).toEqual([]);
  expect(asked(30)).toEqual(['ab', '日本']);
  expect(asked(0)).toEqual(['ef']);
  expect(asked(0)).toEqual(['gh']);
});

it('leaves topics to end for the next call once the room is used', () => {
  const { topics, want } = setUp();
  const leave = want('a', 'b', 'c');
  topics.frames(Infinity);
  leave();
  expect([topics.frames(3), topics.frames(3), topics.frames(3)]).toEqual([
    [{ unsubscribe: ['a'] }],
    [{ unsubscribe: ['b'] }],
    [{ unsubscribe: ['c'] }],
  ]);
});

it('notifies when the first wanted topic becomes stale, and when the last one is current', () => {
  const { topics, want, say, onStale } = setUp();
  const heard = (): unknown => [onStale.mock.calls.splice(0).length, topics.hasStale()];
  expect(heard()).toEqual([0, false]);
  want('a');
  expect(heard()).toEqual([1, true]);
  want('b');
  expect(heard()).toEqual([0, true]);
  topics.frames(Infinity);
  say(snapshot('a', 1));
  expect(heard()).toEqual([0, true]);
  say(snapshot('b', 1));
  expect(heard()).toEqual([1, false]);
  say({ stale: 'outage', topic: 'b' });
  expect(heard()).toEqual([1, true]);
});

it('gives a value to its topic alone, and ignores one of an unknown topic', () => {
  const { topics, want, say } = setUp();
  want('a', '');
  topics.frames(Infinity);
  say(snapshot('a', 'of a'));
  say(snapshot(undefined, 'of the default topic'));
  say(snapshot('none', 'of none'));
  expect(['a', '', 'none'].map((topic) => topics.replica(topic).get())).toEqual([
    'of a',
    'of the default topic',
    undefined,
  ]);
});

it('shows a value that came along with another topic before it is subscribed', () => {
  const { topics, want, say } = setUp();
  want('board');
  topics.frames(Infinity);
  const author = topics.replica('author');
  say({ ...snapshot('author', 'Ada'), for: 'board' });
  say({ ...snapshot('editor', 'Bob'), for: 'board' });
  say({ ...snapshot('reader', 'Cleo'), for: 'unknown' });
  expect([author.get(), topics.replica('editor').get()]).toEqual(['Ada', 'Bob']);
  expect(topics.replica('reader').get()).toBeUndefined();
  want('editor');
  expect(topics.frames(Infinity)).toEqual([{ subscribe: [{ topic: 'editor', id: 'a', version: 1 }] }]);
});

it.each([
  [
    { denied: 'a', code: 'forbidden' },
    'forbidden',
    'the topic "a" is denied. Check canSubscribe on the server.',
  ],
  [
    { denied: 'a', code: 'not-found' },
    'not-found',
    'there is no topic "a". Check its name, or add it on the server.',
  ],
  [{ stale: 'outage', topic: 'a' }, 'stale', 'outage'],
  [{ stale: '', topic: 'a' }, 'stale', 'stale'],
])('treats %j as the reason of that topic alone', (frame, code, message) => {
  const { want, topics, say, reason } = setUp();
  want('a', 'b');
  topics.frames(Infinity);
  say(frame);
  expect([reason('a'), reason('b')]).toEqual([
    { code, message, denied: 'denied' in frame ? frame.denied : undefined },
    undefined,
  ]);
});

it('says how to add a default topic if there is none', () => {
  const { want, topics, say, reason } = setUp();
  want('', 'b');
  topics.frames(Infinity);
  say({ denied: '', code: 'not-found' });
  const message =
    "the endpoint has no default topic. Name a topic, or add one on the server by hub.state('', …).";
  expect([reason(''), reason('b')]).toEqual([{ code: 'not-found', message, denied: '' }, undefined]);
});

it('treats a stale frame without a topic as the reason of the default topic alone', () => {
  const { want, topics, say, reason } = setUp();
  want('a', '');
  topics.frames(Infinity);
  say({ stale: 'outage' });
  expect([reason('a'), reason('')]).toEqual([undefined, { code: 'stale', message: 'outage' }]);
});

it('asks again only for a topic whose checks are about versions that did not arrive', () => {
  const { want, topics, say } = setUp();
  want('a', 'b');
  topics.frames(Infinity);
  for (const topic of ['a', 'b']) say(snapshot(topic, 1));
  for (const at of [8, 9]) say({ check: 'hash', at, topic: 'a' });
  expect(topics.frames(Infinity)).toEqual([{ subscribe: [{ topic: 'a', id: 'a', version: 1 }] }]);
});

it('ignores frames that are about no topic, and denials of topics that it does not know', () => {
  const { want, topics, say, reason } = setUp();
  want('a');
  topics.frames(Infinity);
  for (const frame of [{ ping: true }, { ack: 3 }, { denied: 'none', code: 'forbidden' }, { code: 'x' }])
    say(frame);
  expect([reason('a'), reason('none')]).toEqual([undefined, undefined]);
});

it('asks for all wanted topics again after the link is gone, and ends none on the next link', () => {
  const { topics, want, say, onStale } = setUp();
  want('a', 'b');
  const leave = want('left');
  topics.frames(Infinity);
  for (const topic of ['a', 'b', 'left']) say(snapshot(topic, 1));
  leave();
  want('new');
  onStale.mockClear();
  topics.drop();
  expect([topics.hasStale(), onStale.mock.calls]).toEqual([true, []]);
  const subscribe = [{ topic: 'new' }, ...['a', 'b'].map((topic) => ({ topic, id: 'a', version: 1 }))];
  expect(topics.frames(Infinity)).toEqual([{ subscribe }]);
  for (const topic of ['a', 'b', 'new']) say(snapshot(topic, 2));
  expect([topics.hasStale(), onStale.mock.calls.length]).toEqual([false, 1]);
});
