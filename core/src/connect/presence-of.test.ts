import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PresenceMembers } from '../protocol/presence.js';
import { createFakeTransport } from '../testing/fake-transport.js';
import { connect } from './connect.js';
import { presenceOf } from './presence-of.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const ROOMS = Array.from({ length: 20 }, (_, index) => `room ${index}`);
const tick = () => vi.advanceTimersByTimeAsync(0);

function setUp() {
  const { transport, last } = createFakeTransport();
  return { sync: connect('http://h/', { transports: [transport] }), last };
}

/** Collects garbage, as if the flag `--expose-gc` were set. No object is collected in the turn in which a WeakRef gave it. */
async function collect(): Promise<void> {
  await setImmediate();
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

const left = (refs: readonly WeakRef<object>[]): number => refs.filter((ref) => ref.deref()).length;

/** Resolves when these are collected, all but one or two that a register of the interpreter may still hold. */
async function gone(refs: readonly WeakRef<object>[]): Promise<void> {
  for (let turns = 0; left(refs) > 2; turns++) {
    expect(turns).toBeLessThan(100);
    await collect();
  }
}

it('returns the same presence while the client is in the room, also if the application keeps no reference', async () => {
  const { sync, last } = setUp();
  const leaves = ROOMS.map((room) => presenceOf(sync, room).enter(null));
  const refs = ROOMS.map((room) => new WeakRef(presenceOf(sync, room)));
  const unused = ROOMS.map((room) => new WeakRef(presenceOf(sync, `unused ${room}`)));
  await tick();
  last().hello();
  await gone(unused);
  expect(left(refs)).toBe(ROOMS.length);
  for (const leave of leaves.splice(0)) leave();
  await tick();
  await collect();
  expect(left(refs)).toBe(ROOMS.length); // the client is still there for a second
  await vi.advanceTimersByTimeAsync(20_000); // the calls without a reply end, too
  await gone(refs);
});

it('returns the same presence while it has a listener, which hears of members once a component enters', async () => {
  const { sync, last } = setUp();
  const heard = vi.fn<(members: PresenceMembers) => void>();
  const ends = ROOMS.map((room) => {
    const presence = new WeakRef(presenceOf(sync, room));
    return presence.deref()!.subscribe(() => heard(presence.deref()!.get()));
  });
  const refs = ROOMS.map((room) => new WeakRef(presenceOf(sync, room)));
  await gone(ROOMS.map((room) => new WeakRef(presenceOf(sync, `unused ${room}`))));
  expect(left(refs)).toBe(ROOMS.length);
  const leave = presenceOf(sync, ROOMS[0]!).enter(null);
  await tick();
  last().hello();
  const call = last().sent.flatMap((frame) =>
    'call' in frame && frame.event === '$presence' ? [frame] : [],
  )[0]!.call!;
  const ann = { since: 1, away: false, at: { 'name of ann': null } };
  last().say(
    { topic: `presence/${ROOMS[0]!}`, id: 'a', version: 1, body: { ann } },
    { reply: call, data: { id: 'me', name: 'my-name', size: 1_000, throttle: 50 }, seq: 1 },
  );
  await tick();
  expect(heard).toHaveBeenLastCalledWith({ ann });
  leave();
  for (const end of ends.splice(0)) end();
  await vi.advanceTimersByTimeAsync(1_000);
  await gone(refs);
});
