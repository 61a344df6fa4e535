import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, isOpen } from './free-port.js';

/** A real nginx in front of a server of this machine. */
export interface Nginx extends AsyncDisposable {
  /** `http://127.0.0.1:port`, without a path. */
  readonly origin: string;
}

/**
 * Starts nginx (`VELOX_NGINX`, else `/usr/sbin/nginx`) as a reverse proxy.
 *
 * @param target origin of the server behind it
 * @param directives nginx directives for the location that is proxied
 */
export async function startNginx(target: string, directives: readonly string[]): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'velox-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = `
    daemon off;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1;
    pid ${folder}/pid;
    error_log stderr crit;
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n      ')}
      server {
        listen 127.0.0.1:${port};
        proxy_http_version 1.1;
        location / {
          proxy_pass ${target};
          proxy_set_header Host $http_host;
          ${directives.map((directive) => `${directive};`).join('\n          ')}
        }
      }
    }`;
  await writeFile(join(folder, 'nginx.conf'), config);
  const program = process.env.VELOX_NGINX ?? '/usr/sbin/nginx';
  const child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'spawn');
  const exited = once(child, 'exit');
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`nginx exited with ${child.exitCode}`);
    await sleep(20);
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
