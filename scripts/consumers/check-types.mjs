// `check-types.mjs <compiler's package> <resolution>`: errors count in our types and in the programs that use them; types of others
// may need another version of TypeScript.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const [, , compiler, resolution] = process.argv;
const { bin } = JSON.parse(readFileSync(`node_modules/${compiler}/package.json`, 'utf8'));

/** Compiles a program, and reports the errors that count. */
function check(program, libraries) {
  const args = [
    `node_modules/${compiler}/${bin.tsc}`,
    ...[program, '--noEmit', '--strict', '--exactOptionalPropertyTypes', '--pretty', 'false'],
    ...['--target', 'es2022', '--lib', libraries, '--types', 'node'],
    ...['--module', resolution === 'bundler' ? 'esnext' : resolution, '--moduleResolution', resolution],
  ];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const errors = stdout.split('\n').filter((line) => /error TS/.test(line));
  const ours = errors.filter(
    (line) => !line.startsWith('node_modules/') || line.startsWith('node_modules/@velox/'),
  );
  const others = errors.length - ours.length;
  console.log(`${program}: ${errors.length} errors, ${others} of them in other packages`);
  if (stderr || (stdout.trim() && errors.length === 0)) ours.push(stdout, stderr);
  if (ours.length === 0) return;
  console.error(ours.join('\n'));
  process.exitCode = 1;
}

check('types.ts', 'es2023,dom,dom.iterable,esnext.disposable');
check('node-types.ts', 'es2023,esnext.disposable');
