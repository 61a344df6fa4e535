import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Installs our packages as they would be published, and others from the registry, into a new temporary folder.
 *
 * @param folders those of our packages
 * @param others names with versions
 * @returns the folder's path; the folder is removed when this process exits
 */
export function install(folders, others, manifest = {}) {
  const path = mkdtempSync(join(tmpdir(), 'velox-install-'));
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  const npm = (args, cwd) =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const tarballs = folders.map((folder) => {
    const [{ filename }] = JSON.parse(npm(['pack', '--json', '--pack-destination', path], folder));
    return join(path, filename);
  });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ private: true, type: 'module', ...manifest }));
  npm(
    ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...tarballs, ...others],
    path,
  );
  return path;
}
