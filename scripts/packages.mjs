// Checks the packages as they would be published: publint, attw, and a smoke test of the packed tarballs in plain Node.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './packages/install.mjs';

const packages = [
  'core',
  'adapters/react',
  'adapters/vue',
  'adapters/svelte',
  'adapters/angular',
  'server-node',
];
const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
/** The libraries that the smoke test renders with. Angular renders only compiled components. */
const frameworks = ['react', 'react-dom', 'vue', 'svelte', '@angular/core', 'rxjs'].map(
  (name) => `${name}@${devDependencies[name]}`,
);
/** The entries `./velox.js` and `./velox-more.js` are scripts without types. */
const ATTW = '--profile esm-only --exclude-entrypoints ./velox.js ./velox-more.js --quiet'.split(' ');
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });

for (const folder of packages) {
  run('npx', ['publint', '--strict', folder]);
  run('npx', ['attw', '--pack', folder, ...ATTW]);
}

const folder = install(packages, frameworks);
copyFileSync('scripts/smoke.mjs', join(folder, 'smoke.mjs'));
run('node', ['smoke.mjs'], folder);
