// `npm run prose [-- folder…] [--summary]`: reports habits of style in comments, documents and test titles, with file and line, and how
// many there are per 1,000 words. It helps the eye and never fails.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { HABITS } from './prose/habits.mjs';
import { findingsIn, textsOf, wordsIn } from './prose/report.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { summary: { type: 'boolean', default: false } },
});
const files = execFileSync(
  'git',
  ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...positionals],
  {
    encoding: 'utf8',
  },
).split('\0');
const words = { comment: 0, document: 0, title: 0 };
const found = [];
for (const file of new Set(files)) {
  if (!/\.(?:md|[cm]?[jt]sx?|vue|svelte)$/.test(file) || !existsSync(file)) continue;
  for (const text of textsOf(file, readFileSync(file, 'utf8'))) {
    words[text.kind] += wordsIn(text);
    for (const finding of findingsIn(text)) found.push({ file, ...finding });
  }
}
if (!values.summary) {
  for (const { file, line, name, sentence } of found) console.log(`${file}:${line}: ${name}: ${sentence}`);
  console.log('');
}
const kinds = Object.keys(words);
const rate = (list, kind) =>
  ((1_000 * list.filter((each) => each.kind === kind).length) / Math.max(1, words[kind]))
    .toFixed(1)
    .padStart(10);
console.log(`${'per 1,000 words'.padEnd(32)}${kinds.map((kind) => `${kind}s`.padStart(10)).join('')}`);
for (const { name } of HABITS) {
  const list = found.filter((each) => each.name === name);
  console.log(`${name.padEnd(32)}${kinds.map((kind) => rate(list, kind)).join('')}`);
}
console.log(`${'all'.padEnd(32)}${kinds.map((kind) => rate(found, kind)).join('')}`);
console.log(`${'words'.padEnd(32)}${kinds.map((kind) => String(words[kind]).padStart(10)).join('')}`);
