// `npm run proof`: runs all long proofs, one after another, and prints a line for each. A proof that has passed for the same sources is
// not run again, so an interrupted run goes on where it stopped; `-- --fresh` runs all. `-- --only <text>` runs those whose name
// has the text, `-- --list` shows the names. The output of each proof is in node_modules/.cache/velox-proof.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { proofs } from './proof/proofs.mjs';

const FOLDER = resolve('node_modules/.cache/velox-proof');
const STATE = join(FOLDER, 'passed.json');
/** How many lines of a failed proof are shown. */
const TAIL = 40;

/** Stands for the sources as they are, changes that are not committed included. */
function fingerprint() {
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const hash = createHash('sha256').update(git('rev-parse', 'HEAD^{tree}')).update(git('diff', 'HEAD'));
  for (const file of git('ls-files', '--others', '--exclude-standard', '-z').split('\0')) {
    if (file) hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function readPassed(sources) {
  try {
    const state = JSON.parse(readFileSync(STATE, 'utf8'));
    return state.sources === sources ? state.passed : {};
  } catch {
    return {}; // the first run
  }
}

async function run({ name, command, env }) {
  const log = join(FOLDER, `${name.replaceAll(/[^\w.-]+/g, '-')}.log`);
  const output = createWriteStream(log);
  const [program, ...args] = command;
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  const [status] = await once(child, 'close');
  output.end();
  await once(output, 'finish');
  return { isPassed: status === 0, log };
}

const { values } = parseArgs({
  options: {
    fresh: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const chosen = proofs().filter(({ name }) => name.includes(values.only));
if (values.list) {
  for (const { name } of chosen) console.log(name);
  process.exit();
}
mkdirSync(FOLDER, { recursive: true });
const sources = fingerprint();
const passed = values.fresh ? {} : readPassed(sources);
let failed = 0;
for (const [at, proof] of chosen.entries()) {
  const head = `${String(at + 1).padStart(2)}/${chosen.length}  ${proof.name}`;
  if (passed[proof.name] !== undefined) {
    console.log(`ok      ${head} (before, in ${passed[proof.name]} s)`);
    continue;
  }
  const start = performance.now();
  const { isPassed, log } = await run(proof);
  const seconds = Math.round((performance.now() - start) / 1_000);
  console.log(`${isPassed ? 'ok    ' : 'FAILED'}  ${head} (${seconds} s)`);
  if (isPassed) passed[proof.name] = seconds;
  else {
    failed++;
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    console.log(
      lines
        .slice(-TAIL)
        .map((line) => `        ${line}`)
        .join('\n'),
    );
    console.log(`        all of it: ${log}`);
  }
  writeFileSync(STATE, JSON.stringify({ sources, passed }));
}
console.log(`\n${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
