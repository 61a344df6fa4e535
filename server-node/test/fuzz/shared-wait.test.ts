import { afterEach, beforeEach, expect, it } from 'vitest';
import { VirtualTime } from '../../src/testing/virtual-time.js';
import { SharedWait } from './shared-wait.js';

const time = new VirtualTime();
let restore: () => void;
beforeEach(() => (restore = time.install()));
afterEach(() => restore());

it('lets each task wait its own time, beside the others', async () => {
  const wait = new SharedWait(time);
  const start = time.now;
  const seen: string[] = [];
  const task = (name: string, ...waits: number[]) => {
    return async (): Promise<void> => {
      for (const ms of waits) {
        await wait.wait(ms);
        seen.push(`${name} ${time.now - start}`);
      }
    };
  };
  await wait.run([task('a', 2, 5), task('b', 2), task('c', 5, 0), () => undefined]);
  expect(seen).toEqual(['a 2', 'b 2', 'c 5', 'c 5', 'a 7']);
});

it('lets no time pass while a task still works', async () => {
  const wait = new SharedWait(time);
  const start = time.now;
  const seen: number[] = [];
  const work = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await time.settle();
    seen.push(time.now - start);
  };
  await wait.run([() => wait.wait(5), work]);
  expect(seen).toEqual([0]);
  expect(time.now - start).toBe(5);
});
