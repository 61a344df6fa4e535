import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps the programs of each version of PostgreSQL in a folder of its own. */
const POSTGRES = '/usr/lib/postgresql';
const folders = () => [
  ...(process.env.PATH ?? '').split(delimiter),
  ...['/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'],
  ...(existsSync(POSTGRES) ? readdirSync(POSTGRES).map((version) => join(POSTGRES, version, 'bin')) : []),
];

const find = (name) =>
  folders()
    .map((folder) => join(folder, name))
    .find(existsSync);

/** The path of a program. If it is missing, its package is installed: on Debian, as root. */
export function program(name, debianPackage) {
  const path = find(name);
  if (path) return path;
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
    throw new Error(
      `${name} is missing. Install it, for instance by \`sudo apt-get install ${debianPackage}\`.`,
    );
  }
  console.log(`Installing ${debianPackage}`);
  // RUNLEVEL keeps the package from starting a service, see invoke-rc.d(8).
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env };
  execFileSync('apt-get', ['update', '-qq'], quiet);
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debianPackage], quiet);
  return find(name);
}
