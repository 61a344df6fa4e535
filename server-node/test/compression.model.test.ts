/** Real clients decompress the bytes that were sent: permessage-deflate has no checksum that would reveal an error. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FULL_BYTES } from '../src/wire/outlet.js';
import { SharedWindow } from '../src/wire/shared-window.js';
import { numRuns, timeout } from './rig/documents.js';
import { CASES, schedule, type Step } from './rig/schedules.js';
import { StallingCrowd, type Person } from './rig/stalling-crowd.js';
import { turn } from './rig/two-topics.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function crowd(): Promise<StallingCrowd> {
  const all = await StallingCrowd.open();
  for (let i = 0; i < 12; i++) all.join(i % 6 === 4 ? 'stream' : 'websocket', 'a');
  await all.settle();
  return all;
}

async function perform(all: StallingCrowd, step: Step): Promise<void> {
  if (step.do === 'change') return all.topics.change(step.topic, step.text);
  if (step.do === 'settle') return all.settle();
  if (step.do === 'turn') return turn();
  if (step.do === 'wait') return void vi.advanceTimersByTime(600);
  if (step.do === 'join') return void all.join('websocket', step.topic);
  if (step.do === 'join by stream') return void all.join('stream', step.topic);
  const person = all.people[step.who];
  if (!person) return;
  if (step.do === 'toggle') person.toggle(step.topic);
  else if (step.do === 'say') person.say();
  else if (step.do === 'cut') all.cut(person);
  else if (step.do === 'stall') await all.stall(person);
  else all.resume(person);
}

/** All read on, and a second later those with one topic are together again. */
async function reunite(all: StallingCrowd): Promise<void> {
  for (const person of all.people) all.resume(person);
  await all.settle();
  vi.advanceTimersByTime(1_000);
  for (let i = 0; i < 3; i++) {
    await all.topics.change('a', 'long');
    await all.settle();
  }
}

it.each([
  ['a WebSocket', 0],
  ['an event stream in gzip', 4],
])('%s that was full catches up in one step, and is with the others a second later', async (_, who) => {
  await using all = await crowd();
  const sleeper = all.people[who] as Person;
  await all.topics.change('a', 'short');
  await all.settle();
  await all.stall(sleeper);
  for (const text of ['short', 'long', 'random', 'none'] as const) await all.topics.change('a', text);
  await all.settle();
  expect(all.hub.stats()).toMatchObject({ skipped: 4, caughtUp: 0 });
  expect(all.hub.stats().waiting).toBeGreaterThanOrEqual(FULL_BYTES);
  all.resume(sleeper);
  await all.settle();
  expect(all.hub.stats()).toMatchObject({ skipped: 4, caughtUp: 1, waiting: 0 });
  await reunite(all);
  const frame = vi.spyOn(SharedWindow.prototype, 'frame');
  await all.topics.change('a', 'long');
  await all.settle();
  expect(frame.mock.results.map(({ value }) => Buffer.isBuffer(value))).toEqual(Array(10).fill(true));
});

it(
  'real clients that join, leave, stall and follow two topics receive every frame, with private frames in between',
  { timeout: timeout * 3 },
  async () => {
    const sum = { runs: 0, skipped: 0, caughtUp: 0, shared: 0 };
    const frame = vi.spyOn(SharedWindow.prototype, 'frame');
    await fc.assert(
      fc.asyncProperty(schedule, async (steps) => {
        await using all = await crowd();
        for (const step of steps) await perform(all, step);
        await reunite(all);
        const { skipped, caughtUp } = all.hub.stats();
        sum.runs++;
        sum.skipped += skipped;
        sum.caughtUp += caughtUp;
        sum.shared += frame.mock.results.filter(({ value }) => value !== undefined).length;
        frame.mockClear();
      }),
      {
        numRuns: CASES.length + Math.ceil(numRuns / 20),
        examples: CASES.map((steps) => [[...steps]]),
        endOnFailure: true,
        timeout: 30_000, // for one run, so that a hang names its seed
      },
    );
    expect(sum.skipped).toBeGreaterThan(sum.caughtUp);
    expect(sum.caughtUp).toBeGreaterThanOrEqual(CASES.length - 1);
    expect(sum.shared).toBeGreaterThan(sum.runs * 20); // the window was really tried
  },
);
