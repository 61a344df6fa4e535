// Two servers behind nginx, which sends each connection to the next one:
//   node examples/cluster/start.mjs [--postgres URL | --redis URL] [--port 8080]
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    postgres: { type: 'string' },
    redis: { type: 'string' },
    port: { type: 'string', default: '8080' },
  },
});
const port = Number(values.port);
const ports = [port + 1, port + 2];
const folder = mkdtempSync(join(tmpdir(), 'velox-cluster-'));

/** The path of nginx; installed if this is Debian, and we are root. */
function nginx() {
  const found = ['/usr/sbin/nginx', '/usr/local/bin/nginx', '/opt/homebrew/bin/nginx'].find(existsSync);
  if (found) return found;
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
    throw new Error('nginx is missing. Install it, for instance by `sudo apt-get install nginx-light`.');
  }
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'nginx-light'], { stdio: 'inherit' });
  return '/usr/sbin/nginx';
}

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
writeFileSync(
  join(folder, 'nginx.conf'),
  `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/pid;
error_log stderr crit;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  upstream servers { ${ports.map((each) => `server 127.0.0.1:${each};`).join(' ')} }
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}`,
);

const engine = values.postgres
  ? { POSTGRES: values.postgres }
  : values.redis
    ? { REDIS: values.redis }
    : { SQLITE: join(folder, 'orders.db'), FOLDER: folder };
const server = fileURLToPath(new URL('server.mjs', import.meta.url));
const children = [
  spawn(nginx(), ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'inherit' }),
  ...ports.map((each, n) => {
    const env = { ...process.env, ...engine, PORT: `${each}`, NAME: `server ${n + 1}` };
    return spawn(process.execPath, [server], { env, stdio: 'inherit' });
  }),
];

function stop() {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}
process.on('SIGINT', stop).on('SIGTERM', stop);
for (const child of children) child.on('exit', (code) => code && stop());
console.log(
  `Open http://127.0.0.1:${port} in two windows, and stop a server: its page goes on with the other one.`,
);
