/** Reads SECURITY.md: each line of its tables names a file and a test that exist. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { limitsOf, serverLimitsOf } from '../server-node/src/hub/hub-options.js';

const root = resolve(import.meta.dirname, '..');

interface Line {
  readonly threat: string;
  readonly guard: string;
  readonly file: string;
  readonly test: string;
}

/** The rows of all tables whose first column is `threat`. */
function linesOf(markdown: string): Line[] {
  const rows = markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  return rows
    .filter(([first]) => first !== 'threat' && !/^-+$/.test(first ?? ''))
    .map(([threat = '', guard = '', file = '', test = '']) => ({ threat, guard, file, test }));
}

const SOURCES = ['', 'server-node/src/'];
const TESTS = ['', 'server-node/test/', 'server-node/src/'];

/** The fault of a line; undefined: none. */
function faultOf({ threat, guard, file, test }: Line): string | undefined {
  if (!threat || !guard) return 'it has an empty cell';
  const source = /^`([^`]+)`$/.exec(file)?.[1];
  if (!SOURCES.some((folder) => existsSync(resolve(root, `${folder}${source}.ts`)))) return `no file ${file}`;
  const [, path, title] = /^`([^`]+)`: (.+)$/.exec(test) ?? [];
  const found = TESTS.map((folder) => resolve(root, `${folder}${path}.test.ts`)).find(existsSync);
  if (!found) return `no test ${test}`;
  return readFileSync(found, 'utf8').includes(`${title}`) ? undefined : `no test "${title}"`;
}

const lines = linesOf(readFileSync(resolve(root, 'SECURITY.md'), 'utf8'));

describe('the reader of SECURITY.md', () => {
  const good = '| a threat | a guard | `http/serve` | `limits`: a longer one gets 414 |';

  it.each([
    [good, undefined],
    [good.replace('http/serve', 'http/none'), 'no file `http/none`'],
    [good.replace('limits', 'none'), 'no test `none`: a longer one gets 414'],
    [good.replace('414', '999'), 'no test "a longer one gets 999"'],
    ['| a threat |  | `http/serve` | `limits` |', 'it has an empty cell'],
    ['| a threat | a guard | `http/serve` | `limits` |', 'no test `limits`'],
    ['| a threat | a guard | `http/serve` |', 'no test '],
  ])('judges the line %s', (line, fault) => {
    expect(linesOf(line).map(faultOf)).toEqual([fault]);
  });
});

it('SECURITY.md has lines', () => {
  expect(lines.length).toBeGreaterThan(45);
});

/** Every limit of a hub: those that `hello` announces, `idle`, which has no default, and those of the server alone. */
const LIMITS = [...Object.keys(limitsOf()), 'idle', ...Object.keys(serverLimitsOf())];

it.each(LIMITS)('the limit %s is in a guard with a test, and in PROTOCOL.md', (limit) => {
  expect(lines.filter(({ guard }) => guard.includes(`\`limits.${limit}\``))).not.toEqual([]);
  expect(readFileSync(resolve(root, 'PROTOCOL.md'), 'utf8')).toContain(`\n| \`${limit}\` | `);
});

it.each(lines.map((line) => [line.threat, line] as const))('%s: its file and its test exist', (_, line) => {
  expect(faultOf(line)).toBeUndefined();
});
