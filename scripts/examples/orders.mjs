// The example of live orders as a new user gets it: the packed packages in an empty folder, and the commands of its README.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../examples/cluster/free-port.mjs';
import { postgresFolders } from './postgres-folders.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGES = {
  '@velox/core': 'core',
  '@velox/react': 'adapters/react',
  '@velox/server': 'server-node',
};

/** Creates an empty folder with the example and the packed packages, and installs it. */
function install() {
  const folder = mkdtempSync(join(tmpdir(), 'velox-orders-'));
  cpSync(join(ROOT, 'examples/orders'), folder, {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  });
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const [name, path] of Object.entries(PACKAGES)) {
    const args = ['pack', '--json', '--pack-destination', folder];
    const [packed] = JSON.parse(execFileSync('npm', args, { cwd: join(ROOT, path), encoding: 'utf8' }));
    manifest.dependencies[name] = `file:${packed.filename}`;
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  const script = ['install', '--no-audit', '--no-fund', '--prefer-offline'];
  const { status } = spawnSync('npm', script, { cwd: folder, stdio: 'inherit' });
  assert.equal(status, 0, 'npm install');
  return folder;
}

/** Runs `npm start`; returns the address, what it said, and functions that type SQL and stop it. */
async function start(cwd, env) {
  const child = spawn('npm', ['start'], {
    cwd,
    env: { ...process.env, PORT: String(await freePort()), ...env },
    detached: true, // a group of its own: npm's shell does not pass signals on
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.once('exit', () => (said += ' it ended'));
  child.stdout.on('data', (text) => (said += text));
  while (!/listening on \S+|it ended/.test(said)) await delay(100);
  const origin = /listening on (\S+)/.exec(said)?.[1];
  assert.ok(origin, said);
  return {
    origin,
    said,
    type: (sql) => child.stdin.write(`${sql}\n`),
    stop: () => process.kill(-child.pid),
  };
}

/** Starts a PostgreSQL server, as the user `postgres` if root runs this; returns its address, `psql` and the end of both. */
async function startPostgres() {
  const bin = postgresFolders().at(-1);
  assert.ok(bin, 'there is no PostgreSQL. Run `npm run setup`.');
  const folder = mkdtempSync(join(tmpdir(), 'velox-postgres-'));
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  const user = process.getuid?.() === 0 ? { uid: Number(uid), gid: Number(gid) } : {};
  if (user.uid) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const options = { ...user, cwd: folder, stdio: 'ignore' };
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync'], options);
  const port = String(await freePort());
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', port, '-k', folder, '-h', '127.0.0.1'],
    options,
  );
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const psql = (sql) => spawnSync(join(bin, 'psql'), ['-q', '-d', url, '-c', sql], { encoding: 'utf8' });
  while (psql('select 1').status !== 0) await delay(200);
  return {
    url,
    psql(sql) {
      const { status, stderr } = psql(sql);
      assert.equal(status, 0, stderr);
    },
    async stop() {
      server.kill('SIGINT');
      await once(server, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Changes a row by SQL from outside of the application, and waits until it shows in two windows. */
async function look(browser, { origin }, sql) {
  const pages = [await browser.newPage(), await browser.newPage()];
  for (const page of pages) {
    await page.goto(origin, { timeout: 60_000 });
    await page.locator('tbody tr').nth(3).waitFor({ timeout: 60_000 });
  }
  sql("update orders set status = 'sent' where id = 1");
  for (const page of pages)
    await page.locator('tbody tr').first().getByText('sent').waitFor({ timeout: 20_000 });
  for (const page of pages) await page.close();
}

/** Installs the example, and tries it on PGlite and on PostgreSQL. */
export async function tryOrders(browser) {
  const folder = install();
  try {
    const embedded = await start(folder, { DATABASE_URL: '' });
    try {
      assert.match(embedded.said, /starting PGlite/);
      await look(browser, embedded, embedded.type);
    } finally {
      embedded.stop();
    }
    console.log('ok    examples/orders on PGlite');
    const database = await startPostgres();
    const example = await start(folder, { DATABASE_URL: database.url });
    try {
      await look(browser, example, database.psql);
    } finally {
      example.stop();
      await database.stop();
    }
    console.log('ok    examples/orders on PostgreSQL, changed by psql');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
