import { expect, it, vi } from 'vitest';
import { kindOf, watchTraffic } from './traffic.js';

function fakeSource(): {
  onFrame: (listener: (frame: object, text: string) => void) => void;
  receive: (text: string) => void;
} {
  let tell: (frame: object, text: string) => void = () => {};
  return {
    onFrame: (listener) => void (tell = listener),
    receive: (text) => tell(JSON.parse(text) as object, text),
  };
}

it.each([
  ['snapshot', { id: 'a', version: 1, body: null }],
  ['delta', { version: 2, delta: true, body: [] }],
  ['position', { id: 'a', version: 2 }],
  ['hello', { hello: {} }],
  ['ping', { ping: true }],
])('knows a %s', (kind, frame) => {
  expect(kindOf(frame)).toBe(kind);
});

it('counts frames and their bytes, and keeps the last eight, newest first', () => {
  const source = fakeSource();
  const traffic = watchTraffic(source);
  source.receive('{"version":1,"id":"é","body":{}}');
  for (let version = 2; version <= 10; version++)
    source.receive(`{"version":${version},"delta":true,"body":[]}`);
  const { bytes, snapshots, deltas, frames } = traffic.get();
  expect({ snapshots, deltas, bytes }).toEqual({ snapshots: 1, deltas: 9, bytes: 33 + 8 * 36 + 37 });
  expect(frames.map(({ version }) => version)).toEqual([10, 9, 8, 7, 6, 5, 4, 3]);
  expect(frames[0]).toMatchObject({ kind: 'delta', version: 10, bytes: 37, excerpt: '[]}' });
});

it('hides the secret id of a session', () => {
  const source = fakeSource();
  const traffic = watchTraffic(source);
  source.receive('{"hello":{"protocol":3,"session":"s3cret","heartbeat":15000}}');
  expect(traffic.get().frames[0]?.excerpt).toBe('{"hello":{"protocol":3,"session":"…","heartbeat":15000}}');
});

it('notifies its listeners until they leave, with a new value each time', () => {
  const source = fakeSource();
  const traffic = watchTraffic(source);
  const listener = vi.fn();
  const before = traffic.get();
  const leave = traffic.subscribe(listener);
  source.receive('{"ping":true}');
  leave();
  source.receive('{"ping":true}');
  expect(listener).toHaveBeenCalledTimes(1);
  expect(traffic.get()).not.toBe(before);
});
