/** The memory of rows, measured in a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { bundle } from '../rig/bundle.js';
import type { Measured } from './program.js';

const MB = 1024 * 1024;

let measured: Measured;

beforeAll(async () => {
  const program = await bundle(join(import.meta.dirname, 'program.ts'), ['ws']);
  const child = fork(program, { execArgv: ['--expose-gc', '--no-warnings'], stdio: 'inherit' });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process ended with ${String(code)} before it had measured`);
  });
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [Measured];
  ended.catch(() => undefined);
  measured = message;
  if (process.env.VELOX_FIGURES) process.stdout.write(`${JSON.stringify(measured)}\n`);
}, 120_000);

it('100,000 rows that come and go leave no row, timer or subscription behind', () => {
  const { before, after } = measured;
  expect(after.rows).toBe(before.rows);
  expect(after.timers).toBe(before.timers);
  expect(after.subscriptions).toBe(before.subscriptions);
});

it('10,000 watched rows take at most 20 MB, also when they have changed', () => {
  expect(measured.fetched).toBeLessThan(20e6);
  expect(measured.changed).toBeLessThan(20e6);
});

it('100,000 rows that come and go leave the heap as it was', () => {
  // A map that kept their ids alone would hold 10 MB.
  expect(measured.after.heap - measured.before.heap).toBeLessThan(5 * MB);
});
