import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The files that npm packs besides those of `files`. */
const ALWAYS = ['package.json', 'README.md', 'LICENSE'];
const IMPORTS = /(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)['"](\.[^'"]+)['"]/g;
const KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** All paths in a value of `exports` or `imports`, except those of the condition for this repository's own tests. */
function targets(value) {
  if (typeof value === 'string') return [normalize(value)];
  return Object.entries(value).flatMap(([key, each]) => (key === '@velox/source' ? [] : targets(each)));
}

/** A compiled module: its code, its types, their source maps and the source that the maps name. */
function moduleOf(folder, file) {
  const stem = /^(.+?)(?:\.d\.ts|\.js)$/.exec(file)?.[1];
  if (stem === undefined) return [file];
  const outputs = [`${stem}.js`, `${stem}.js.map`, `${stem}.d.ts`, `${stem}.d.ts.map`];
  const present = outputs.filter((each) => existsSync(join(folder, each)));
  const sources = present
    .filter((each) => each.endsWith('.map'))
    .flatMap((each) => {
      const map = JSON.parse(readFileSync(join(folder, each), 'utf8'));
      return map.sources.map((source) => normalize(join(dirname(each), map.sourceRoot ?? '', source)));
    });
  return [...present, ...sources];
}

/** Returns the files of a built package that its exports, and the names of its `imports`, reach through imports of code and of types. */
export function reachable(folder) {
  const { exports, imports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const reached = new Set(ALWAYS);
  const queue = [...targets(exports), ...targets(imports)];
  for (let file; (file = queue.pop()) !== undefined;) {
    for (const each of moduleOf(folder, file)) {
      if (reached.has(each)) continue;
      reached.add(each);
      if (!/\.(js|d\.ts)$/.test(each) || !each.startsWith('dist/')) continue;
      const text = readFileSync(join(folder, each), 'utf8');
      for (const [, path] of text.matchAll(IMPORTS)) queue.push(normalize(join(dirname(each), path)));
    }
  }
  return reached;
}

/** Returns the faults of a tarball: files that no export reaches, missing files, and private keys. */
export function faults(folder, packed) {
  const reached = reachable(folder);
  return [
    ...packed.filter((file) => !reached.has(file)).map((file) => `${file}: no export reaches it`),
    ...[...reached].filter((file) => !packed.includes(file)).map((file) => `${file}: not in the tarball`),
    ...packed
      .filter((file) => KEY.test(readFileSync(join(folder, file), 'latin1')))
      .map((file) => `${file}: a private key`),
  ];
}
