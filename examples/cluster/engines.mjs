import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { program } from './programs.mjs';

/**
 * The engines that can keep the orders. Each starts in a folder, on a port, unless it runs already at a URL.
 * It returns its process, if it has one, and the environment of the servers.
 */
export const engines = {
  /** A file: there is nothing to start. The servers talk over Unix sockets. */
  sqlite: (folder) => ({ env: { SQLITE: join(folder, 'orders.db'), FOLDER: folder } }),

  async redis(folder, port, url) {
    if (url) return { env: { REDIS: url } };
    const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes'];
    const policy = ['--maxmemory-policy', 'noeviction', '--loglevel', 'warning'];
    const child = spawn(program('redis-server', 'redis-server'), [...options, ...policy], {
      stdio: 'inherit',
    });
    await answers(port, child);
    return { child, env: { REDIS: `redis://127.0.0.1:${port}` } };
  },

  async postgres(folder, port, url) {
    if (url) return { env: { POSTGRES: url } };
    const server = program('postgres', 'postgresql');
    const home = join(folder, 'postgres');
    mkdirSync(home);
    const user = userOfPostgres();
    if (user) chownSync(home, user.uid, user.gid);
    const data = join(home, 'data');
    const set = ['-D', data, '-U', 'velox', '-A', 'trust', '-E', 'UTF8', '--locale', 'C'];
    execFileSync(join(dirname(server), 'initdb'), set, { ...user, cwd: home, stdio: 'ignore' });
    const options = [
      '-D',
      data,
      '-p',
      `${port}`,
      '-h',
      '127.0.0.1',
      '-k',
      home,
      '-c',
      'log_min_messages=fatal',
    ];
    const child = spawn(server, options, { ...user, cwd: home, stdio: 'inherit' });
    await answers(port, child);
    return { child, env: { POSTGRES: `postgres://velox@127.0.0.1:${port}/postgres` } };
  },
};

/** PostgreSQL refuses to run as root, so root runs it as the user of its Debian package. */
function userOfPostgres() {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return { uid: Number(uid), gid: Number(gid) };
}

/** Resolves when the port is open. */
async function answers(port, child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}.`);
    const isOpen = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await delay(50);
  }
}
