import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runPlaywright } from '../scripts/suite/playwright.mjs';
import { runTwice } from '../scripts/suite/run-twice.mjs';
import { runVitest } from '../scripts/suite/vitest.mjs';

interface Counts {
  readonly file: string;
  readonly project?: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly isLost?: boolean;
}
type Run = (only?: Counts) => Counts[];

const counts = (file: string, passed: number, failed: number, more?: Partial<Counts>): Counts => ({
  file,
  passed,
  failed,
  skipped: 0,
  ...more,
});

describe('running failed test files once more', () => {
  /** A run with given results: first all files, then the second run of each. */
  const twice = (all: Counts[], second: Record<string, Counts[]> = {}) => {
    const run = vi.fn<Run>((only) => (only ? (second[only.file] ?? []) : all));
    return { ...runTwice(run), reran: run.mock.calls.flatMap(([only]) => (only ? [only.file] : [])) };
  };

  it('sums the counts of the only run if all files pass', () => {
    const result = twice([counts('a', 3, 0), counts('b', 2, 0, { skipped: 1 })]);
    expect(result).toMatchObject({ passed: 5, failed: 0, skipped: 1, flaky: [], reran: [] });
  });

  it('counts the second run of a flaky file in place of the first', () => {
    const result = twice([counts('a', 3, 0), counts('b', 1, 1)], { b: [counts('b', 2, 0)] });
    expect(result).toMatchObject({ passed: 5, failed: 0, flaky: ['b'], failedFiles: [], reran: ['b'] });
  });

  it('fails a file that fails twice', () => {
    const result = twice([counts('a', 3, 0), counts('b', 0, 2)], { b: [counts('b', 1, 1)] });
    expect(result).toMatchObject({ passed: 4, failed: 1, flaky: [], failedFiles: ['b'] });
  });

  it('keeps the projects of one file apart', () => {
    const all = [counts('a', 1, 0, { project: 'dom' }), counts('a', 0, 1, { project: 'browser' })];
    const result = twice(all, { a: [counts('a', 1, 0, { project: 'browser' })] });
    expect(result).toMatchObject({ passed: 2, failed: 0, flaky: ['a'], reran: ['a'] });
  });

  it('fails immediately for a failure that belongs to no file', () => {
    const result = twice([counts('vitest', 0, 1, { isLost: true })]);
    expect(result).toMatchObject({ failed: 1, failedFiles: ['vitest'], reran: [] });
  });

  it('fails if the second run does not report the file', () => {
    expect(twice([counts('a', 0, 1)])).toMatchObject({ failed: 1, failedFiles: ['a'] });
  });

  it('fails if the second run has an error outside of all files', () => {
    const result = twice([counts('a', 0, 1)], {
      a: [counts('a', 1, 0), counts('x', 0, 1, { isLost: true })],
    });
    expect(result).toMatchObject({ passed: 1, failed: 1, failedFiles: ['a'] });
  });

  it('runs nothing again if more than 20 files failed', () => {
    const result = twice(Array.from({ length: 21 }, (_, at) => counts(`${at}`, 0, 1)));
    expect(result).toMatchObject({ failed: 21, reran: [] });
  });
});

/** Passes in its second run. */
const FLAKY = `
  const { existsSync, writeFileSync } = await import('node:fs');
  const isSecond = existsSync('marker');
  writeFileSync('marker', '');
`;

describe('the runners, for a folder with one file of each kind', { timeout: 120_000 }, () => {
  let cwd: string;
  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), 'velox-suite-'));
    symlinkSync(resolve('node_modules'), join(cwd, 'node_modules'));
    const write = (name: string, text: string) => writeFileSync(join(cwd, name), text);
    write('package.json', '{ "type": "module" }');
    write('vitest.config.mjs', `export default { test: { include: ['*.test.mjs'] } };`);
    const head = `import { test, expect } from 'vitest';\n`;
    write('good.test.mjs', `${head} test('a', () => {}); test.skip('b', () => {});`);
    write('bad.test.mjs', `${head} test('a', () => {}); test('b', () => expect(1).toBe(2));`);
    write('broken.test.mjs', `${head} throw new Error('does not load');`);
    write(
      'stray.test.mjs',
      `${head} test('a', async () => {
         void Promise.reject(new Error('unhandled'));
         await new Promise((done) => setTimeout(done, 20));
       });`,
    );
    write('flaky.test.mjs', `${head} ${FLAKY} test('a', () => expect(isSecond).toBe(true));`);
    write('playwright.config.mjs', `export default { testMatch: '*.e2e.mjs', workers: 1 };`);
    const e2e = `import { test, expect } from '@playwright/test';\n`;
    write(
      'good.e2e.mjs',
      `${e2e} test('a', () => {}); test.describe('in', () => { test.skip('b', () => {}); });`,
    );
    write('bad.e2e.mjs', `${e2e} test.describe('in', () => { test('b', () => expect(1).toBe(2)); });`);
    write(
      'flaky.e2e.mjs',
      `${e2e} import { existsSync, writeFileSync } from 'node:fs';
       test('a', () => { const is = existsSync('marker2'); writeFileSync('marker2', ''); expect(is).toBe(true); });`,
    );
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  it('Vitest: finds the flaky file, fails a file that fails twice, and counts correctly', () => {
    const env = { VITEST: '', VITEST_POOL_ID: '', VITEST_WORKER_ID: '' };
    const result = runTwice((only?: Counts) => runVitest(only, { cwd, env, stdio: 'ignore' }) as Counts[]);
    expect(result).toEqual({
      passed: 1 + 1 + 1 + 1, // good, bad, stray and flaky
      failed: 1 + 1 + 1, // bad, broken and stray
      skipped: 1,
      flaky: ['flaky.test.mjs'],
      failedFiles: expect.arrayContaining(['bad.test.mjs', 'broken.test.mjs', 'stray.test.mjs']) as string[],
    });
    expect(result.failedFiles).toHaveLength(3);
  });

  it('Playwright: finds the flaky file, fails a file that fails twice, and counts correctly', () => {
    const result = runTwice((only?: Counts) => runPlaywright(only, { cwd, stdio: 'ignore' }) as Counts[]);
    expect(result).toEqual({
      passed: 1 + 1, // good and flaky
      failed: 1,
      skipped: 1,
      flaky: ['flaky.e2e.mjs'],
      failedFiles: ['bad.e2e.mjs'],
    });
  });
});
