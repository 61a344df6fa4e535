// Checks the packages as they would be published: publint, attw, and a smoke test of the packed tarballs in plain Node.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
const run = (command, args, options) =>
  execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', ...options });

for (const folder of packages) {
  run('npx', ['publint', '--strict', folder], { stdio: 'inherit' });
  run(
    'npx',
    [
      'attw',
      '--pack',
      folder,
      '--profile',
      'esm-only',
      '--exclude-entrypoints',
      './velox.js',
      './velox-more.js',
      '--quiet',
    ],
    { stdio: 'inherit' },
  );
}

const empty = mkdtempSync(join(tmpdir(), 'velox-smoke-'));
try {
  const tarballs = packages.map((folder) => {
    const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', empty], { cwd: folder }));
    for (const name of ['LICENSE', 'README.md']) {
      if (!packed.files.some(({ path }) => path === name)) throw new Error(`${folder} has no ${name}`);
    }
    return join(empty, packed.filename);
  });
  writeFileSync(join(empty, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs, ...frameworks], {
    cwd: empty,
  });
  copyFileSync('scripts/smoke.mjs', join(empty, 'smoke.mjs'));
  process.stdout.write(run('node', ['smoke.mjs'], { cwd: empty }));
} finally {
  rmSync(empty, { recursive: true, force: true });
}
