import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faults } from '../scripts/packages/contents.mjs';

const root = resolve(import.meta.dirname, '..');
const folders = [
  'core',
  'server-node',
  ...readdirSync(join(root, 'adapters')).map((name) => `adapters/${name}`),
];

/** The files that npm would publish. Run `npm run build` before. */
function pack(folder: string): string[] {
  const text = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: folder, encoding: 'utf8' });
  const [{ files }] = JSON.parse(text) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}

describe('a published package', () => {
  it.each(folders)(
    '%s has the files that its exports reach, and no others',
    { timeout: 60_000 },
    (folder) => {
      const packed = pack(join(root, folder));
      expect(packed.filter((file) => file.endsWith('.js')).length).toBeGreaterThan(0);
      expect(faults(join(root, folder), packed)).toEqual([]);
      const rig = packed.filter((file) => /\.test\.|(^|\/)(test|rig|simulation|contracts)\//.test(file));
      expect(rig).toEqual([]);
    },
  );
});

describe('the check of a package', () => {
  let folder: string;
  const write = (files: Record<string, string>): void => {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
  };
  const all = (): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'velox-contents-'));
    write({
      'package.json': JSON.stringify({
        exports: {
          '.': { '@velox/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
        },
        imports: { '#mode': { '@velox/source': './src/mode.ts', default: './dist/mode.js' } },
      }),
      'README.md': '',
      LICENSE: '',
      'dist/index.js': `export * from './used.js'; const lazy = () => import('./lazy.js');`,
      'dist/index.js.map': JSON.stringify({ sources: ['../src/index.ts'] }),
      'dist/index.d.ts': `export type { T } from './types.js';`,
      'dist/used.js': '',
      'dist/lazy.js': '',
      'dist/mode.js': '',
      'dist/types.d.ts': '',
      'src/index.ts': '',
    });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('accepts modules that are imported statically, on demand, or for their types, and their sources', () => {
    expect(faults(folder, all())).toEqual([]);
  });

  it('finds a file that no export reaches', () => {
    write({ 'dist/rig.js': '', 'src/rig.ts': '' });
    const found = faults(folder, all());
    expect(found.sort()).toEqual(['dist/rig.js: no export reaches it', 'src/rig.ts: no export reaches it']);
  });

  it('finds a file that the tarball lacks', () => {
    const packed = all().filter((file) => file !== 'src/index.ts');
    expect(faults(folder, packed)).toEqual(['src/index.ts: not in the tarball']);
  });

  it('finds a private key', () => {
    write({ 'dist/used.js': `const key = '-----BEGIN PRIVATE KEY-----';` });
    expect(faults(folder, all())).toEqual(['dist/used.js: a private key']);
  });
});
