// `npm run runtimes`: installs Node, Bun, Deno and miniflare into a temporary folder and runs one contract suite in each, over every
// transport of that runtime. Run `npm run build` before. `-- --short` runs Node 20 and Bun with 12 s of silence; `-- --only deno` one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { install } from './packages/install.mjs';

const NODE = `node-${process.platform}-${process.arch}`;
const nodeOf = (version) => ({
  name: `node ${version}`,
  packages: [`node-${version}@npm:${NODE}@${version}`],
  command: [`node_modules/node-${version}/bin/node`, 'host.mjs', 'http'],
});
const bun = (server) => ({
  name: `bun ${server}`,
  packages: ['bun@1.4.5'],
  command: ['node_modules/bun/bin/bun.exe', 'host.mjs', server],
});
const deno = (server) => ({
  name: `deno ${server}`,
  packages: ['deno@2.9.6'],
  command: ['node_modules/.bin/deno', 'run', '--allow-all', '--node-modules-dir=manual', 'host.mjs', server],
});
const RUNTIMES = [
  ...['20.19.0', '22.23.3', '24.9.0', '26.10.0'].map(nodeOf),
  bun('attach'),
  bun('upgrade'),
  bun('bun'),
  deno('http'),
  deno('deno'),
  {
    name: 'workerd',
    packages: ['miniflare@4.20260730.0'],
    command: [process.execPath, 'host-worker.mjs', 'dist/worker.js'],
  },
];
/** What `npm test` runs: this very Node, which need not be installed, and Bun, which cuts quiet streams first and replaces ws. */
const SHORT = [
  { name: `node ${process.version}`, packages: [], command: [process.execPath, 'host.mjs', 'http'] },
  bun('attach'),
  bun('bun'),
];

/** workerd knows Node's modules by their names with a prefix alone. */
const nodePrefix = {
  name: 'velox:node-prefix',
  enforce: 'pre',
  resolveId: (id) =>
    isBuiltin(id) ? { id: id.startsWith('node:') ? id : `node:${id}`, external: true } : null,
};

async function run({ name, command: [program, ...args] }, folder, idle) {
  const child = spawn(program, [...args, String(idle)], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), idle + 180_000);
  const [status] = await once(child, 'close');
  clearTimeout(timer);
  console.log(
    `${status === 0 ? 'ok    ' : 'FAILED'}  ${name}\n${output.replaceAll(/^/gm, '        ').trimEnd()}`,
  );
  return status === 0;
}

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    idle: { type: 'string' },
  },
});
const idle = 1_000 * Number(values.idle ?? (values.short ? 12 : 60));
const chosen = (values.short ? SHORT : RUNTIMES).filter(({ name }) => name.includes(values.only));
const folder = install(['core', 'server-node'], [...new Set(chosen.flatMap(({ packages }) => packages))]);
cpSync('scripts/runtimes', folder, { recursive: true });
if (chosen.some(({ name }) => name === 'workerd')) {
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    plugins: [nodePrefix],
    ssr: { target: 'webworker', noExternal: true },
    build: {
      ssr: 'worker.mjs',
      outDir: join(folder, 'dist'),
      rolldownOptions: { output: { entryFileNames: 'worker.js' } },
    },
  });
}
let passed = 0;
for (const runtime of chosen) if (await run(runtime, folder, idle)) passed++;
console.log(`\n${passed} passed, ${chosen.length - passed} failed`);
process.exitCode = passed === chosen.length ? 0 : 1;
