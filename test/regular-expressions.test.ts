/** Each regular expression of the published sources takes linear time, on texts that are made for its worst case. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const FOLDERS = [
  'core/src',
  'server-node/src',
  'playground/src',
  ...readdirSync(resolve(root, 'adapters')).map((name) => `adapters/${name}/src`),
];

/** So long that a quadratic search takes many seconds, and a linear one a millisecond. */
const LENGTH = 200_000;
const LIMIT_MS = 2_000;
/** How many matching texts are pumped for each expression. */
const SAMPLES = 5;

interface Found {
  readonly file: string;
  readonly regex: RegExp;
}

/** The regular expressions of a file, from its syntax tree. */
function expressionsIn(file: string): Found[] {
  const kind = file.endsWith('.tsx') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile(
    file,
    readFileSync(resolve(root, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
    kind,
  );
  const found: Found[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      found.push({ file, regex: new RegExp(node.text.slice(1, end), node.text.slice(end + 1)) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const files = FOLDERS.flatMap((folder) =>
  (readdirSync(resolve(root, folder), { recursive: true }) as string[]).map((file) => `${folder}/${file}`),
).filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file));
const found = files.flatMap(expressionsIn);

/** Texts that match, as far as fast-check can make some; else the characters of the expression. */
function samplesOf({ source }: RegExp): readonly string[] {
  try {
    return fc.sample(fc.stringMatching(new RegExp(source, 'u'), { maxLength: 12 }), {
      numRuns: SAMPLES,
      seed: 1,
    });
  } catch {
    return [source.replaceAll(/\\(.)|[\^$()|]/g, '$1'), 'aaa', '   ', '111', '...', '///', '"""', ',,,'];
  }
}

/** Each sample with a part of it repeated, and an end that matches nothing: a backtracking search then tries every way. */
function pumped(sample: string): string[] {
  const texts: string[] = [];
  for (let from = 0; from < Math.min(sample.length, 12); from++) {
    for (const length of [1, 2]) {
      const part = sample.slice(from, from + length);
      const text = sample.slice(0, from) + part.repeat(LENGTH / length);
      texts.push(`${text}\u0000`, `${text}${sample.slice(from)}\n`);
    }
  }
  return texts;
}

/** Runs an expression on a text, for a limited time. */
function isQuick(regex: RegExp, text: string): boolean {
  try {
    const code = 'text.replace(new RegExp(source, flags), "")';
    runInNewContext(code, { text, source: regex.source, flags: regex.flags }, { timeout: LIMIT_MS });
    return true;
  } catch {
    return false;
  }
}

describe('the judge', () => {
  it.each([/^(a+)+$/, /(a|a)*b/, /\s+$/, /^(\w+\s?)*$/, /a*a*b/])(
    'finds that %s is slow',
    (regex) => {
      const isSlow = samplesOf(regex)
        .concat('aaa', '   ')
        .flatMap(pumped)
        .some((text) => !isQuick(regex, text));
      expect(isSlow).toBe(true);
    },
    60_000,
  );
});

it('finds the expressions of the sources', () => {
  expect(found.length).toBeGreaterThan(20);
  expect(found.map(({ file }) => file)).toContain('server-node/src/http/negotiate.ts');
});

it.each(found.map(({ file, regex }) => [`${regex}`, file, regex] as const))(
  '%s in %s takes linear time',
  (_, __, regex) => {
    const slow = samplesOf(regex)
      .flatMap(pumped)
      .find((text) => !isQuick(regex, text));
    expect(slow?.slice(0, 40)).toBeUndefined();
  },
  60_000,
);
