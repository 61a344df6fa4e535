/** `npm run bench -- [group…] [--write]`: races all groups or those that are named; --write renews their part of RESULTS.md. */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';

const GROUPS = [
  'update',
  'push',
  'lists',
  'apply',
  'topics',
  'broadcast',
  'presence',
  'views',
  'entities',
  'backplanes',
  'workers',
];
/** Those that take minutes, and are asked for by name. */
const LONG = ['jitter'];
const PEERS = [
  '@colyseus/schema',
  'better-sse',
  'crossws',
  'fast-json-patch',
  'immer',
  'json-merge-patch',
  'jsondiffpatch',
  'mutative',
  'socket.io',
  'ws',
];

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = names.filter((name) => ![...GROUPS, ...LONG].includes(name));
if (unknown.length)
  throw new Error(`no group ${unknown.join(', ')}; there are ${[...GROUPS, ...LONG].join(', ')}`);

const sections = new Map();
let missed = 0;
for (const name of names.length ? names : GROUPS) {
  const { title, run } = await import(`./${name}.mjs`);
  process.stdout.write(`\n${title}\n`);
  const rows = (await run()).map((row) => ({ ...row, verdict: verdict(row) }));
  for (const { what, measured, reach, verdict, beside } of rows) {
    process.stdout.write(
      `  ${what.padEnd(64)} ${measured.padStart(9)} ${reach.padStart(10)}  ${verdict.padEnd(7)} ${beside}\n`,
    );
  }
  missed += rows.filter((row) => row.met === false).length;
  sections.set(title, section(title, rows));
}
process.stdout.write(`\n${missed} missed\n`);
if (process.argv.includes('--write')) {
  const file = new URL('RESULTS.md', import.meta.url);
  const former = (await readFile(file, 'utf8')).split(/^(?=## )/m).slice(1);
  const kept = new Map(former.map((text) => [/^## (.*)/.exec(text)[1], text.trimEnd()]));
  for (const [title, text] of sections) kept.set(title, text.trimEnd());
  await writeFile(file, `${await preamble()}\n${[...kept.values()].join('\n\n')}\n`);
}
process.exit(missed ? 1 : 0);

function verdict({ met }) {
  return met === undefined ? '' : met ? 'met' : 'missed';
}

function section(title, rows) {
  const line = ({ what, measured, reach, verdict, beside }) =>
    `| ${[what, measured, reach, verdict, beside].join(' | ')} |`;
  const head = '| what | measured | reach | verdict | beside |\n| --- | --- | --- | --- | --- |';
  return `## ${title}\n\n${head}\n${rows.map(line).join('\n')}\n`;
}

async function preamble() {
  const versions = await Promise.all(PEERS.map(async (name) => `${name} ${await versionOf(name)}`));
  const [{ model }] = cpus();
  return [
    '# Benchmark results',
    '',
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} x ${model}.`,
    `Peers: ${versions.join(', ')}.`,
    '',
    'Medians of 9 interleaved rounds (broadcast: 7); ratios are formed within a round. Read the ratios: absolute times are colour, and',
    'differences below 15 % mean nothing. `npm run bench -- --write` renews this file.',
    '',
  ].join('\n');
}

async function versionOf(name) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(await readFile(manifest, 'utf8')).version;
}
