// Two servers behind nginx, which sends each connection to the next one:
//   node examples/cluster/start.mjs [--engine sqlite|postgres|redis] [--url URL] [--port 8080]
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { engines } from './engines.mjs';
import { freePort } from './free-port.mjs';
import { startProxy } from './proxy.mjs';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'sqlite' },
    url: { type: 'string' },
    port: { type: 'string', default: '8080' },
  },
});
const startEngine = engines[values.engine];
if (!startEngine)
  throw new Error(`no engine ${values.engine}. Choose one of ${Object.keys(engines).join(', ')}.`);
const port = Number(values.port);
const folder = mkdtempSync(join(tmpdir(), 'velox-cluster-'));
chmodSync(folder, 0o755); // the engine may run as another user
const children = [];
let isStopping = false;

function start(child) {
  if (!child) return;
  children.push(child);
  child.on('exit', (code) => code && stop(code));
}

async function stop(code = 0) {
  if (isStopping) return;
  isStopping = true;
  // The engine goes last, so that the servers can say goodbye.
  for (const child of children.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill();
    await new Promise((resolve) => child.once('exit', resolve));
  }
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}
process.on('SIGINT', () => stop()).on('SIGTERM', () => stop());

try {
  const engine = await startEngine(folder, await freePort(), values.url);
  start(engine.child);
  const server = fileURLToPath(new URL('server.mjs', import.meta.url));
  const ports = [await freePort(), await freePort()];
  for (const [n, each] of ports.entries()) {
    const env = { ...process.env, ...engine.env, PORT: `${each}`, NAME: `server ${n + 1}` };
    start(spawn(process.execPath, [server], { env, stdio: 'inherit' }));
  }
  start(startProxy(folder, port, ports));
  console.log(
    `Open http://127.0.0.1:${port} in two windows. End a server by its process id: its pages go on with the other one.`,
  );
} catch (error) {
  console.error(error.message);
  await stop(1);
}
