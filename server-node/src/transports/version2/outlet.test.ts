import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { message } from '../../wire/message.js';
import { FakeOutlet } from '../../../test/rig/fake-outlet.js';
import { TranslatingOutlet, type Refused } from './outlet.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const PING = { ping: true };
const PAD = 'x'.repeat(100);

function setUp() {
  const inner = new FakeOutlet();
  const refusals: Refused[] = [];
  const outlet = new TranslatingOutlet(inner, (refused) => refusals.push(refused));
  const write = (...frames: object[]): boolean => outlet.write(frames.map((frame) => message(frame)));
  return { inner, outlet, refusals, write };
}

const HELLO = { hello: {} };
const SNAPSHOT = { id: 'a', version: 1, body: { n: 1, PAD } };
const step = (version: number): object => ({
  version,
  delta: true,
  body: [{ op: 'replace', path: '/n', value: version }],
});

it('a ping comes first, then the value, in one write', () => {
  const { inner, write } = setUp();
  write(HELLO, SNAPSHOT);
  expect(inner.writes).toEqual([[PING, SNAPSHOT]]);
});

it('a ping comes every 25 s, also while data flows, and the heartbeat of the hub is left out', () => {
  const { inner, write } = setUp();
  write(HELLO, SNAPSHOT);
  inner.take();
  for (let version = 2; version <= 50; version++) {
    vi.advanceTimersByTime(1_000);
    write(PING, step(version));
  }
  const frames = inner.take();
  expect(frames).toHaveLength(50);
  expect(frames.filter((frame) => 'ping' in frame)).toHaveLength(1);
  vi.advanceTimersByTime(1_000);
  expect(inner.take()).toEqual([PING]);
});

it('a ping that meets a full outlet leaves when it drains', () => {
  const { inner, outlet, write } = setUp();
  inner.full = true;
  expect(write(HELLO, SNAPSHOT)).toBe(false);
  inner.take();
  vi.advanceTimersByTime(60_000);
  expect(inner.take()).toEqual([]);
  inner.full = false;
  expect(outlet.drained()).toBe(true);
  expect(inner.take()).toEqual([PING]);
  expect(outlet.drained()).toBe(true);
  expect(inner.take()).toEqual([]);
});

it('frames that version 2 does not have are left out, without a write', () => {
  const { inner, write } = setUp();
  write(HELLO, SNAPSHOT);
  inner.take();
  expect(write(PING, { ack: 1 }, { check: 'h', at: 1 }, { stale: 'because' }, { dropped: 1 })).toBe(true);
  expect(write({ event: 'a', data: 1, seq: 1 })).toBe(true);
  expect(inner.writes).toEqual([]);
});

it.each([[[1]], [{ name: 'ann' }]])(
  'a related row that comes along, %j, is left out: it is no value of the topic',
  (body) => {
    const { inner, refusals, write } = setUp();
    write(HELLO, { topic: 'users/7', id: 'b', version: 9, body, for: 'orders/1' }, SNAPSHOT, step(2));
    expect(inner.writes).toEqual([[PING, SNAPSHOT, { version: 2, delta: true, body: { n: 2 } }]]);
    expect(refusals).toEqual([]);
  },
);

it.each<[string, object, string]>([
  ['a denied topic', { denied: '', code: 'forbidden' }, 'forbidden'],
  ['a goodbye', { bye: { code: 'going-away', reason: 'The server goes away.' } }, 'going-away'],
  ['a list as the value', { id: 'a', version: 1, body: [] }, 'not-acceptable'],
])('%s is a refusal, before or after the first byte, and nothing follows', (_, frame, code) => {
  const early = setUp();
  early.write(HELLO, frame);
  expect(early.refusals).toMatchObject([{ code, isFirst: true }]);
  const late = setUp();
  late.write(HELLO, SNAPSHOT);
  late.write(frame, step(2));
  expect(late.refusals).toMatchObject([{ code, isFirst: false }]);
  for (const { inner, write } of [early, late]) {
    inner.take();
    write(SNAPSHOT);
    vi.advanceTimersByTime(60_000);
    expect(inner.take()).toEqual([]);
  }
});

it('closing passes on the reason and ends the pings', () => {
  const { inner, outlet, write } = setUp();
  write(HELLO, SNAPSHOT);
  outlet.close(1001, 'going-away');
  expect(inner.closed).toBe('1001 going-away');
  expect(vi.getTimerCount()).toBe(0);
});
