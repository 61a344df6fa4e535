import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Log } from '../../cluster/log.js';
import type { Observer } from '../../diagnostics/observer.js';
import { Engine } from './engine.js';
import type { Follower } from './follower.js';
import { Sweep } from './sweep.js';

let answers: ((run: string) => void)[];
let failures: ((reason: unknown) => void)[];
let sweep: Sweep;
const follower = { topic: 'topic', place: undefined, compare: vi.fn(), fail: vi.fn() };

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  [answers, failures] = [[], []];
  const run = () => new Promise<string>((resolve, reject) => (answers.push(resolve), failures.push(reject)));
  const log = { run, heads: () => Promise.resolve([undefined]) } as unknown as Log;
  sweep = new Sweep(new Engine(log, false, {} as Observer));
  sweep.add(follower as unknown as Follower<unknown>);
});
afterEach(() => {
  sweep.close();
  vi.useRealTimers();
});

it('a sweep asks no second time while an engine keeps its question, for 30 s', async () => {
  await vi.advanceTimersByTimeAsync(30_000);
  expect(answers).toHaveLength(1);
  expect(follower.fail).toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(8_000);
  expect(answers).toHaveLength(2);
});

it.each(['answers', 'fails'] as const)(
  'a sweep asks again soon when a question %s too late',
  async (settles) => {
    await vi.advanceTimersByTimeAsync(20_000);
    if (settles === 'answers') answers[0]?.('run');
    else failures[0]?.(new Error('gone'));
    await vi.advanceTimersByTimeAsync(50);
    expect(answers).toHaveLength(2);
    expect(follower.compare).not.toHaveBeenCalled();
    answers[1]?.('run');
    await vi.advanceTimersByTimeAsync(0);
    expect(follower.compare).toHaveBeenCalledOnce();
  },
);

it('a sweep that the engine refuses asks again with back-off', async () => {
  await vi.advanceTimersByTimeAsync(3_000);
  failures[0]?.(new Error('refused'));
  await vi.advanceTimersByTimeAsync(50);
  expect(answers).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(400);
  expect(answers).toHaveLength(2);
});

it('a sweep compares with back-off while the engine answers and a topic fails', async () => {
  follower.compare.mockImplementation(() => sweep.trouble());
  const answer = setInterval(() => answers.at(-1)?.('run'), 1);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(answers.length).toBeLessThan(30);
  follower.compare.mockReset();
  await vi.advanceTimersByTimeAsync(10_000);
  const calm = answers.length;
  follower.compare.mockImplementationOnce(() => sweep.trouble());
  await vi.advanceTimersByTimeAsync(2_700);
  expect(answers.length).toBeGreaterThan(calm + 1);
  clearInterval(answer);
});
