// `npm run mutate [-- --only patch]`: mutation tests of the files on which all rests. StrykerJS changes each file in every place, one change
// at a time, and the tests of the file have to fail. A change that no test can notice is listed in mutate/equivalent.mjs, with the reason.
// It takes hours, so it runs weekly. The reports are in node_modules/.cache/velox-mutate.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EQUIVALENT } from './mutate/equivalent.mjs';
import { TARGETS } from './mutate/targets.mjs';

const FOLDER = 'node_modules/.cache/velox-mutate';
/** The least percentage of changes that tests have to notice. */
const LEAST = 90;

/** The copy of the sources in which the tests run has only the files that they need. */
const IGNORED = [
  '/*',
  ...['core', 'server-node', 'scripts', 'test', 'package.json', 'tsconfig*.json'].map((name) => `!/${name}`),
  ...['dist', 'node_modules', 'adapters', 'bench', 'docs', 'e2e', 'examples', 'playground'],
];

/** Runs the tests of a target against all its changes. Returns the changes, each with its status. */
function mutate({ file, tests }) {
  const name = file.replaceAll(/[^\w.-]+/g, '-');
  const [config, report] = [`${FOLDER}/${name}.config.json`, `${FOLDER}/${name}.json`];
  const options = {
    mutate: [file],
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    vitest: { configFile: 'scripts/mutate/vitest.config.mjs', related: false },
    coverageAnalysis: 'perTest',
    concurrency: 1,
    timeoutMS: 20_000,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    tempDirName: `${FOLDER}/${name}`,
    ignorePatterns: IGNORED,
    disableTypeChecks: false,
    allowEmpty: false,
  };
  writeFileSync(config, JSON.stringify(options));
  const env = { ...process.env, VELOX_TESTS: JSON.stringify(tests) };
  const { status } = spawnSync('npx', ['stryker', 'run', config], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`StrykerJS failed for ${file}.`);
  const { files } = JSON.parse(readFileSync(report, 'utf8'));
  const { source, mutants } = files[file];
  const lines = source.split('\n');
  return mutants.map((mutant) => ({
    ...mutant,
    original: textAt(lines, mutant.location),
    line: lines[mutant.location.start.line - 1],
  }));
}

function textAt(lines, { start, end }) {
  const text = lines.slice(start.line - 1, end.line);
  text[text.length - 1] = text.at(-1).slice(0, end.column - 1);
  text[0] = text[0].slice(start.column - 1);
  return text.join('\n');
}

/** Whether a change is listed as one that no test can notice. */
const isEquivalent = (file, { line, original, replacement }) =>
  EQUIVALENT.some(
    (each) =>
      file.endsWith(each.file) &&
      line.includes(each.line ?? '') &&
      each.original === original &&
      each.replacements.includes(replacement),
  );

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
mkdirSync(FOLDER, { recursive: true });
for (const target of TARGETS.filter(({ file }) => file.includes(values.only))) {
  const judged = mutate(target).filter(({ status }) => status !== 'Ignored' && status !== 'CompileError');
  const survivors = judged.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  const open = survivors.filter((mutant) => !isEquivalent(target.file, mutant));
  const counted = judged.length - (survivors.length - open.length);
  const score = (100 * (counted - open.length)) / counted;
  for (const { location, original, replacement, status } of open)
    console.log(
      `${status.padEnd(10)} ${target.file}:${location.start.line}:${location.start.column}  ${JSON.stringify(original)} → ${JSON.stringify(replacement)}`,
    );
  console.log(
    `${score >= LEAST ? 'ok    ' : 'FAILED'}  ${target.file}: ${score.toFixed(1)} % of ${counted}, ${survivors.length - open.length} equivalent`,
  );
  if (score < LEAST) process.exitCode = 1;
}
