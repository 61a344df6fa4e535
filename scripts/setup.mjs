// Installs the programs that the tests drive, or names them if it cannot. On Debian as root it installs them, without starting a service.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { postgresFolders } from './examples/postgres-folders.mjs';

const needed = [
  { program: 'chromium', package: 'chromium', variable: 'VELOX_CHROMIUM' },
  { program: 'nginx', package: 'nginx', variable: 'VELOX_NGINX' },
  { program: 'redis-server', package: 'redis-server', variable: 'VELOX_REDIS' },
  { program: 'nats-server', package: 'nats-server', variable: 'VELOX_NATS' },
  { program: 'postgres', package: 'postgresql', variable: 'VELOX_POSTGRES' },
];

const inPath = (program) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', ...postgresFolders()].some((folder) =>
    existsSync(join(folder, program)),
  );

const missing = needed.filter(({ program, variable }) => !process.env[variable] && !inPath(program));
if (missing.length > 0) {
  const packages = missing.map((each) => each.package);
  const root = process.getuid?.() === 0;
  if (!root || !inPath('apt-get')) {
    const advice = missing.map((each) => `${each.program} (or set ${each.variable} to its path)`).join(', ');
    console.error(`The tests need ${advice}. On Debian: sudo apt-get install ${packages.join(' ')}`);
    process.exit(1);
  }
  console.log(`Installing ${packages.join(', ')} with apt-get`);
  // RUNLEVEL keeps the packages from starting their services, see invoke-rc.d(8).
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  const { status } = spawnSync('apt-get', install, { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (status !== 0) process.exit(1);
  const absent = missing.filter(({ program }) => !inPath(program)).map((each) => each.program);
  if (absent.length > 0) {
    console.error(`apt-get installed no ${absent.join(', ')}. Install it by hand.`);
    process.exit(1);
  }
}
