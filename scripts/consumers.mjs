// `npm run consumers`: packs our packages, installs them into temporary folders and uses them as applications do: test runners,
// bundlers, compilers, frameworks in old and new versions, and hosts without a DOM. Run `npm run build` before. `-- --short` runs
// those of `npm test`, `-- --only <text>` those whose name has the text, `-- --list` shows the names.
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { consumers } from './consumers/consumers.mjs';
import { install } from './packages/install.mjs';

/** How long one use may take, in ms. */
const PATIENCE = 180_000;

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const groups = consumers
  .map((group) => ({
    ...group,
    uses: group.uses.filter(({ name, isShort }) => name.includes(values.only) && (isShort || !values.short)),
  }))
  .filter(({ uses }) => uses.length > 0);
if (values.list) {
  for (const { uses } of groups) for (const { name } of uses) console.log(name);
  process.exit();
}

/** Runs the commands of a use, one after another, until one fails. */
function run({ name, commands }, cwd) {
  for (const command of commands) {
    const [program, ...args] = command.split(' ');
    const env = { ...process.env, PATH: `${cwd}/node_modules/.bin:${process.env.PATH}` };
    delete env.NODE_ENV;
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      cwd,
      env,
      encoding: 'utf8',
      timeout: PATIENCE,
      maxBuffer: 1 << 26,
    });
    if (status === 0) continue;
    const output = `${stdout ?? ''}${stderr ?? ''}${error ?? ''}`
      .trimEnd()
      .split('\n')
      .slice(-40)
      .map((line) => line.slice(0, 300))
      .join('\n');
    console.log(`FAILED  ${name}: ${command}\n${output.replaceAll(/^/gm, '        ')}`);
    return false;
  }
  console.log(`ok      ${name}`);
  return true;
}

let passed = 0;
let failed = 0;
for (const { folders, packages, uses } of groups) {
  const needed = new Set([...packages, ...uses.flatMap((use) => use.packages ?? [])]);
  const folder = install(folders, [...needed]);
  cpSync('scripts/consumers', folder, { recursive: true });
  for (const use of uses) {
    if (run(use, folder)) passed++;
    else failed++;
  }
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
